// What the built program writes: never over its inputs, never two outputs into one file, and where
// it cannot be written the user knows before anything is simulated.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/input_files.hpp"

namespace lacuna {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwnFile = "; each output has a file of its own\n";

class OutputFiles : public InputFiles {
 protected:
  /// The command ends with that message and no file has changed, come or gone.
  void expect_refused(const Arguments& arguments, const std::string& message) const {
    const auto before = files();
    const Output ended = call(arguments);
    EXPECT_EQ(ended.code, 2) << message;
    EXPECT_EQ(ended.error, "lacuna: " + message);
    EXPECT_EQ(ended.out, "");
    EXPECT_TRUE(files() == before) << message;
  }

  /// `arguments` with `--option path` for each path: all refused as inputs.
  void expect_inputs(Arguments arguments, const std::string& option,
                     const std::vector<std::string>& paths) const {
    arguments.push_back(option);
    arguments.emplace_back();
    for (const std::string& path : paths) {
      arguments.back() = path;
      expect_refused(arguments, path + ": " + option + ": is an input, too" + kOwnFile);
    }
  }
};

// ------------------------------------------------------------------ inputs

TEST_F(OutputFiles, GivenARunThenNoneOfItsInputsIsOverwritten) {
  fs::create_symlink("hw.yaml", folder_ / "soft");
  fs::create_hard_link(path("hw.yaml"), folder_ / "hard");
  fs::create_symlink(".", folder_ / "here");
  for (const std::string option : {"--json", "--csv", "--timeline", "--save-faults"}) {
    expect_inputs(with(kWorkload, {"--energy", "energy.yaml"}), option,
                  {"hw.yaml", "w.csv", "energy.yaml", "./hw.yaml", "soft", "hard", "here/w.csv",
                   path("w.csv")});
  }
  const std::vector<std::string> of_model = {"hw.yaml", "model/lenet5_qdnn.onnx", "model/card.yaml",
                                             "map.csv"};
  expect_inputs(with(kModel, {"--faults", "map.csv"}), "--predictions", of_model);
  expect_inputs(with(kModel, {"--faults", "map.csv"}), "--save-faults", of_model);
  expect_inputs(with(kModel, {"--faults", "map.csv", "--engine", "systemc"}), "--vcd", of_model);
}

TEST_F(OutputFiles, GivenTestImagesThenTheyStay) {
  const fs::path shipped = "/usr/share/datasets/fashion-mnist";
  fs::create_directory(path("data"));
  for (const std::string name : {"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"}) {
    fs::copy(shipped / name, folder_ / "data" / name);
  }
  // The plain file is no input yet, but it would be the next command's in place of the other.
  expect_inputs(with(kModel, {"--data", "data"}), "--json",
                {"data/t10k-images-idx3-ubyte.gz", "data/t10k-labels-idx1-ubyte.gz",
                 "data/t10k-images-idx3-ubyte"});
}

TEST_F(OutputFiles, GivenPicturesThenAllOfThemStayAlsoThoseThatAreNotUsed) {
  const std::string picture = "P5 28 28 255\n" + std::string(784, 'x');
  for (const std::string name : {"a/1.pgm", "a/2.pgm", "b/3.pgm"}) {
    fs::create_directories((folder_ / "data" / name).parent_path());
    write("data/" + name, picture);
  }
  fs::create_hard_link(path("data/b/3.pgm"), folder_ / "hard");
  fs::create_directory_symlink("data", folder_ / "soft");
  expect_inputs(with(kModel, {"--data", "data"}), "--predictions",
                {"data/a/1.pgm", "data/a/2.pgm", "data/b/3.pgm", "hard", "soft/b/3.pgm"});
  expect_well(with(kModel, {"--data", "data", "--json", "data/new.json"}));
}

TEST_F(OutputFiles, GivenACampaignThenNoOutputReplacesItsStoreOrWhatItsPlanNames) {
  make_campaign();
  fs::create_symlink("S", folder_ / "link");
  const std::vector<std::string> inputs = {
      "S",       "./S",         "link",           "S-wal",
      "S-shm",   "S-journal",   "hw.yaml",        "model/lenet5_qdnn.onnx",
      "map.csv", "faults.yaml", "model/card.yaml"};
  for (const std::string option : {"--csv", "--json", "--summary", "--rows", "--images"}) {
    expect_inputs({"campaign", "export", "S"}, option, inputs);
  }
  expect_inputs({"campaign", "export", "link"}, "--csv", {"S", "S-wal", "link"});
  expect_inputs({"replay", "S", "--trial", "0", "--engine", "systemc"}, "--vcd", inputs);
  expect_inputs({"report", "S"}, "--out", inputs);
  const std::string exists =
      ": exists already; 'resume' goes on with it; a new one needs a new name\n";
  for (const std::string path : {"c.yaml", "hw.yaml", "map.csv"}) {
    expect_refused({"campaign", "run", "c.yaml", "--out", path},
                   path + ": --out: is an input, too" + kOwnFile);
  }
  expect_refused({"campaign", "run", "c.yaml", "--out", "S"}, "S" + exists);
  expect_well({"campaign", "export", "S", "--csv", "S.csv", "--json", "S.json"});
}

TEST_F(OutputFiles, GivenASweepThenNoOutputReplacesItsStoreOrWhatItsPlanNames) {
  make_sweep();
  const std::vector<std::string> named = {"hw.yaml", "w.csv", "energy.yaml", "./hw.yaml"};
  for (const std::string option : {"--csv", "--json"}) {
    expect_inputs({"sweep", "T"}, option, {"T", "./T", "T-wal", "T-shm", "T-journal"});
    expect_inputs({"sweep", "T"}, option, named);
    expect_inputs({"sweep", "s.yaml", "--out", "U"}, option, named);
    expect_inputs({"sweep", "s.yaml", "--out", "U"}, option, {"s.yaml"});
    for (const std::string path : {"U", "./U", "U-wal"}) {
      const Output ended = call({"sweep", "s.yaml", "--out", "U", option, path});
      EXPECT_EQ(ended.code, 2);
      EXPECT_NE(ended.error.find("is another output's file, too"), std::string::npos) << path;
    }
  }
  expect_inputs({"sweep", "s.yaml"}, "--out", {"s.yaml", "hw.yaml", "w.csv"});
  expect_inputs({"report", "T"}, "--out", {"T", "T-wal", "hw.yaml", "energy.yaml"});
  EXPECT_FALSE(fs::exists(path("U")));
}

// A plan's paths are relative to where its store began, wherever it is read.
TEST_F(OutputFiles, GivenAStoreThatIsReadInAnotherFolderThenWhatItsPlanNamesStays) {
  make_campaign();
  make_sweep();
  fs::create_directory(path("sub"));
  const std::pair<std::string, std::vector<std::string>> cases[] = {
      {"campaign export ../S --csv", {"hw.yaml", "map.csv", "model/card.yaml"}},
      {"campaign export ../S --images", {"faults.yaml"}},
      {"report ../S --out", {"hw.yaml", "model/lenet5_qdnn.onnx"}},
      {"sweep ../T --json", {"hw.yaml", "w.csv", "energy.yaml"}},
      {"report ../T --out", {"w.csv"}}};
  const auto before = files();
  for (const auto& [command, named] : cases) {
    for (const std::string& file : named) {
      const Output ended = shell("cd '" + path("sub") + "'; lacuna " + command + " ../" + file);
      EXPECT_EQ(ended.code, 2) << command << " " << file;
      EXPECT_NE(ended.error.find(": is an input, too"), std::string::npos) << ended.error;
    }
  }
  EXPECT_TRUE(files() == before);
}

TEST_F(OutputFiles, GivenRecordsThenCompareAndReportLeaveThem) {
  expect_well(with(kWorkload, {"--json", "a.json", "--timeline", "t.json"}));
  fs::copy(path("a.json"), folder_ / "b.json");
  fs::create_hard_link(path("b.json"), folder_ / "hard");
  expect_inputs({"compare", "a.json", "b.json"}, "--json", {"a.json", "./b.json", "hard"});
  expect_inputs({"report", "a.json", "b.json", "t.json"}, "--out", {"a.json", "hard", "t.json"});
}

// ------------------------------------------------------------------ two outputs

TEST_F(OutputFiles, GivenTwoNamesOfOneFileThenTheSecondOutputIsRefused) {
  write("old", "old");
  fs::create_directory(path("in"));
  fs::create_symlink("in", folder_ / "folder");
  fs::create_symlink("old", folder_ / "soft");
  fs::create_hard_link(path("old"), folder_ / "hard");
  fs::create_symlink("in/new", folder_ / "dangling");
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const std::pair<std::string, std::string> pairs[] = {
      {"new", "./new"},       {"new", path("new")}, {"old", "soft"},
      {"old", "hard"},        {"soft", "hard"},     {"in/new", "folder/new"},
      {"in/new", "dangling"}, {"pipe", "./pipe"},   {"/dev/stdout", "/dev/fd/1"}};
  for (const auto& [first, second] : pairs) {
    expect_refused(with(kWorkload, {"--json", first, "--csv", second}),
                   second + ": --csv: is another output's file, too" + kOwnFile);
  }
  make_campaign();
  for (const auto& [first, second] : pairs) {
    expect_refused({"campaign", "export", "S", "--csv", first, "--summary", second},
                   second + ": --summary: is another output's file, too" + kOwnFile);
  }
  expect_well(with(kWorkload, {"--json", "/dev/null", "--csv", "/dev/null"}));
}

TEST_F(OutputFiles, GivenARedirectionThenItsFileIsNoOutput) {
  const std::string run =
      "cd '" + folder_.string() + "'; lacuna run --hw hw.yaml --workload w.csv ";
  for (const std::string to : {">r.json", ">/dev/null 2>r.json", ">>r.json"}) {
    write("r.json", "");
    EXPECT_EQ(shell(run + "--json ./r.json " + to).code, 2) << to;
  }
  write("w2.csv", read(path("w.csv")));
  EXPECT_EQ(shell(run + "--csv /dev/stdout >>w.csv").code, 2) << "an input, appended to";
  EXPECT_EQ(read(path("w.csv")), read(path("w2.csv")));
  const Output stream = shell(run + "--json /dev/stdout | head -1");
  EXPECT_EQ(stream.code, 0) << stream.error;
  EXPECT_EQ(stream.out, "{\n");
}

// ------------------------------------------------------------------ descriptors

TEST_F(OutputFiles, GivenADescriptorThatNobodyHandedOverThenNothingReachesIt) {
  make_campaign();
  for (int number = 3; number < 12; ++number) {
    for (const std::string folder : {"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"}) {
      const std::string path = folder + std::to_string(number);
      const std::string closed = ": is not open; a descriptor that the program was started with\n";
      expect_refused(with(kWorkload, {"--json", path}), path + ": --json" + closed);
      expect_refused({"campaign", "export", "S", "--csv", path}, path + ": --csv" + closed);
      expect_refused({"report", path, "--out", "page.html"}, path + closed);
    }
  }
}

TEST_F(OutputFiles, GivenADescriptorThenItIsWrittenWhereItIs) {
  const std::string given = path("given");
  const auto open_seventy = [&] {
    const int file = ::open(given.c_str(), O_WRONLY | O_CREAT, 0600);
    if (::write(file, "head\n", 5) != 5 || ::dup2(file, 70) != 70) ::_exit(102);
  };
  for (const std::string path : {"/dev/fd/70", "link"}) {
    fs::remove(given);
    fs::remove(folder_ / "link");
    fs::create_symlink("/proc/self/fd/70", folder_ / "link");
    const Output ended = call(with(kWorkload, {"--csv", path}), open_seventy);
    EXPECT_EQ(ended.code, 0) << ended.error;
    EXPECT_EQ(read(given).substr(0, 11), "head\nlayer,") << path;
  }
  const Output input = call(with(kWorkload, {"--csv", "/dev/fd/70"}), [] {
    const int file = ::open("w.csv", O_WRONLY | O_APPEND);
    if (::dup2(file, 70) != 70) ::_exit(102);
  });
  EXPECT_EQ(input.code, 2);
  EXPECT_EQ(input.error, std::string("lacuna: /dev/fd/70: --csv: is an input, too") + kOwnFile);
  const Output read_only = call(with(kWorkload, {"--csv", "/dev/fd/0"}), [] {
    const int file = ::open("/dev/null", O_RDONLY);
    if (::dup2(file, 0) != 0) ::_exit(102);
  });
  EXPECT_EQ(read_only.error, "lacuna: /dev/fd/0: --csv: is open only for reading\n");
}

TEST_F(OutputFiles, GivenAClosedStandardOutputThenTablesGoNowhere) {
  const Output ended = call(with(kWorkload, {"--json", "r.json"}), [] {
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
  });
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.error, "lacuna: standard output cannot be written: Bad file descriptor\n");
  EXPECT_EQ(nlohmann::json::parse(read(path("r.json")))["schema"], "lacuna.run/1");
}

// ------------------------------------------------------------------ what may be written

TEST_F(OutputFiles, GivenAFileThatIsReplacedThenItKeepsItsModeAndItsPlace) {
  write("real", "old");
  fs::create_symlink("real", folder_ / "soft");
  for (const mode_t mode : {0600U, 0664U, 0755U}) {
    ASSERT_EQ(::chmod(path("real").c_str(), mode), 0);
    expect_well(with(kWorkload, {"--csv", "soft"}));
    struct stat status {};
    ASSERT_EQ(::stat(path("real").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, mode);
    EXPECT_TRUE(fs::is_symlink(path("soft")));
    EXPECT_EQ(read(path("real")).substr(0, 6), "layer,");
  }
}

// As into a container. Known before anything is simulated: no rename would replace it.
TEST_F(OutputFiles, GivenAFileThatIsMountedByItselfThenItIsRefused) {
  write("mounted", "old");
  write("other", "other");
  const Output ended = call(with(kWorkload, {"--json", "mounted"}), [] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("other", "mounted", nullptr, MS_BIND, nullptr) != 0) {
      ::_exit(103);
    }
  });
  if (ended.code == 103) GTEST_SKIP() << "nothing can be mounted";
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.error,
            "lacuna: mounted: --json: is mounted by itself and cannot be replaced; a file of its "
            "folder\n");
}

// The user's rights, which root has not: the program runs as another user.
TEST_F(OutputFiles, GivenAFileThatTheUserMayNotWriteThenItIsRefusedAndNothingIsRun) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  write("kept", "old");
  make_campaign();
  fs::create_directory(path("closed"));
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  ASSERT_EQ(::chmod(path("kept").c_str(), 0444), 0);
  const auto become_nobody = [] {
    constexpr uid_t kNobody = 65534;
    rlimit time{3, 3};  // less than what it would simulate takes
    if (::setrlimit(RLIMIT_CPU, &time) != 0 || ::setgroups(0, nullptr) != 0 ||
        ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) {
      ::_exit(102);
    }
  };
  const Arguments many = {"run",      "--hw",    "hw.yaml",  "--model", "model",
                          "--engine", "systemc", "--images", "10000"};
  const std::pair<Arguments, std::string> cases[] = {
      {with(many, {"--json", "kept"}), "kept: --json: cannot be written: Permission denied\n"},
      {with(many, {"--vcd", "kept"}), "kept: --vcd: cannot be written: Permission denied\n"},
      {with(many, {"--csv", "closed/x"}),
       "closed/x: --csv: its folder is missing or not writable\n"},
      {{"campaign", "run", "c.yaml", "--out", "closed/x"},
       "closed/x: --out: its folder is missing or not writable\n"}};
  for (const auto& [arguments, message] : cases) {
    const Output ended = call(arguments, become_nobody);
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.error, "lacuna: " + message);
  }
  EXPECT_EQ(read(path("kept")), "old");
  const Output own = call(with(kWorkload, {"--csv", "mine"}), become_nobody);
  EXPECT_EQ(own.code, 0) << own.error;
}

TEST_F(OutputFiles, GivenALimitOfAFilesSizeThenItIsAnErrorThatNamesIt) {
  const auto limit = [] {
    rlimit size{4096, 4096};
    if (::setrlimit(RLIMIT_FSIZE, &size) != 0) ::_exit(102);
  };
  const std::string reason =
      "cannot be written: File too large; the limit of a file's size (ulimit -f) is 4096 bytes\n";
  write("r.json", "old");
  const Output record = call(with(kModel, {"--json", "r.json"}), limit);
  EXPECT_EQ(record.code, 2);
  EXPECT_EQ(record.error, "lacuna: r.json: " + reason);
  EXPECT_EQ(read(path("r.json")), "old");
  const Output waves = call(with(kModel, {"--engine", "systemc", "--vcd", "w.vcd"}), limit);
  EXPECT_EQ(waves.code, 2);
  EXPECT_EQ(waves.error, "lacuna: w.vcd: " + reason);
  const Output table = call({"map", "--hw", "hw.yaml", "--model", "model", "--steps"}, limit);
  EXPECT_EQ(table.code, 2);
  EXPECT_EQ(table.error, "lacuna: standard output " + reason);
  const auto is_left_over = [](const auto& file) {
    return file.first.find(".tmp.") != std::string::npos ||
           file.first.find("w.vcd") != std::string::npos;
  };
  const auto all = files();
  EXPECT_TRUE(std::none_of(all.begin(), all.end(), is_left_over));
}

TEST_F(OutputFiles, GivenAStoreBeyondTheLimitOfAFilesSizeThenTheErrorNamesIt) {
  make_campaign();
  const Output store = call({"campaign", "run", "c.yaml", "--out", "L"}, [] {
    rlimit size{4096, 4096};
    if (::setrlimit(RLIMIT_FSIZE, &size) != 0) ::_exit(102);
  });
  EXPECT_EQ(store.code, 2);
  EXPECT_NE(store.error.find("the limit of a file's size (ulimit -f) is 4096 bytes\n"),
            std::string::npos)
      << store.error;
}

TEST_F(OutputFiles, GivenNamesThatSqliteTakesForSomethingElseThenTheyAreFiles) {
  make_campaign();
  make_sweep();
  for (const std::string name : {":memory:", "file:x?mode=memory", "file:S", "a%20b?c#d"}) {
    expect_well({"campaign", "run", "c.yaml", "--out", name});
    expect_well({"campaign", "status", name});
    fs::remove(folder_ / name);
    expect_well({"sweep", "s.yaml", "--out", name});
    expect_well({"sweep", name});
  }
}

TEST_F(OutputFiles, GivenAPipeAsAStoreThenItSaysWhatItIs) {
  for (const std::string name : {"pipe", "pipe.csv", "pipe.yaml"}) {
    ASSERT_EQ(::mkfifo((folder_ / name).c_str(), 0600), 0);
  }
  const std::string is_pipe = ": is not a regular file but a pipe (FIFO)\n";
  const Arguments commands[] = {{"campaign", "status", "pipe"},
                                {"campaign", "resume", "pipe"},
                                {"campaign", "export", "pipe", "--csv", "x"},
                                {"replay", "pipe", "--trial", "0"},
                                {"sweep", "pipe"},
                                {"report", "pipe", "--out", "x"},
                                {"check", "pipe"}};
  for (const Arguments& command : commands) expect_refused(command, "pipe" + is_pipe);
  expect_refused({"check", "pipe.csv"}, "pipe.csv" + is_pipe);
  expect_refused({"campaign", "run", "pipe.yaml", "--out", "x"}, "pipe.yaml" + is_pipe);
  expect_refused({"campaign", "status", "model"}, "model: is not a regular file but a folder\n");
  expect_refused({"campaign", "status", "none"},
                 "none: cannot be read: No such file or directory\n");
  make_sweep();
  expect_refused({"sweep", "s.yaml", "--out", "pipe"},
                 "pipe: --out: is a pipe (FIFO); a store is a regular file\n");
}

// ------------------------------------------------------------------ before anything is run

TEST_F(OutputFiles, GivenAWrongNumberThenNoStoreIsBegun) {
  make_sweep();
  make_campaign();
  const std::string threads =
      "--threads: '0' cannot be used; an integer from 1 to 1024 is allowed\n";
  expect_refused({"sweep", "s.yaml", "--out", "U", "--threads", "0"}, threads);
  expect_refused({"sweep", "T", "--threads", "0"}, threads);
  expect_refused({"campaign", "run", "c.yaml", "--out", "U", "--workers", "0"},
                 "--workers: '0' cannot be used; an integer from 1 to 1024 is allowed\n");
  expect_refused({"campaign", "run", "c.yaml", "--out", "U", "--audit", "2"},
                 "--audit: '2' cannot be used; a number from 0 to 1 is allowed\n");
  expect_refused({"campaign", "run", "c.yaml", "--out", "U", "--without", "sense"},
                 "--without: 'sense' is not a shortcut; residency, prefix, channel, early_stop are "
                 "known\n");
}

// 2^31 operands take ten seconds to draw.
TEST_F(OutputFiles, GivenAWorkloadThatCannotBeMappedThenItIsRefusedBeforeItsOperandsAreDrawn) {
  write("large.csv", "layer,M,N,K,density\na,65536,1,4096,1\n");
  const Output ended = call({"run", "--hw", "hw.yaml", "--workload", "large.csv", "--batch", "8",
                             "--set", "activation_sram.capacity_bytes=1024"},
                            [] {
                              rlimit seconds{4, 4};
                              if (::setrlimit(RLIMIT_CPU, &seconds) != 0) ::_exit(102);
                            });
  EXPECT_EQ(ended.code, 2);
  EXPECT_NE(ended.error.find("layer 'a' cannot be mapped"), std::string::npos) << ended.error;
}

}  // namespace
}  // namespace lacuna

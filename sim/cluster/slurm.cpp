#include "cluster/slurm.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/shell.hpp"
#include "cluster/command.hpp"

namespace lacuna::cluster {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// A file by which the folder is known, and locked.
constexpr const char* kMark = "executor";
constexpr const char* kScript = "task";
constexpr const char* kLog = "tasks.log";
constexpr const char* kErrors = ".err";
/// Slurm's MaxArraySize is 1001 where nothing else is said.
constexpr std::size_t kMostTasks = 1000;

/// As one word of any shell.
std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += " " + quoted(word);
  return text;
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directory(path, error);
  if (error) throw base::InputError({path, 0, ""}, "cannot be made: " + error.message());
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

constexpr std::chrono::milliseconds kMoment{300};

/// Shorter where `stop` says true.
void pause(Clock::duration time, const std::function<bool()>& stop) {
  for (; time.count() > 0 && !stop(); time -= kMoment) {
    std::this_thread::sleep_for(std::min<Clock::duration>(time, kMoment));
  }
}

[[noreturn]] void fail(const std::string& command, const CommandResult& result) {
  throw base::InputError({"", 0, command}, "failed: " + first_line(result.error),
                         "a cluster that takes jobs; the same command goes on");
}

}  // namespace

Slurm::Slurm(const std::string& out, std::int64_t shards, std::int64_t processors)
    : folder_(store::real_path(out) + ".shards"),
      job_("lacuna-" + base::sha256_hex(folder_).substr(0, 16)),
      shards_(shards),
      processors_(processors) {
  if (fs::exists(folder_) && !fs::exists(path(kMark))) {
    throw base::InputError({folder_, 0, ""}, "is there already, and was not made for shards",
                           "a name of --out beside which nothing of that name lies");
  }
  make_folder(folder_);
  if (!fs::exists(path(kMark))) base::write_file(path(kMark), job_ + "\n");
  lock_ = store::WriterLock::take(path(kMark));
}

bool Slurm::run(const ShardWork& work, const std::function<bool()>& stop,
                const QueueCallback& callback) {
  make_folder(path(work.name));
  write_script(work);
  constexpr int kMostTries = 3;
  std::int64_t before = 0;
  for (int tries = 0;;) {
    // First those of before, of this process or of one that was killed.
    const Clock::time_point began = Clock::now();
    while (const std::int64_t tasks = queued(stop)) {
      if (callback) callback(tasks);
      pause(std::clamp<Clock::duration>((Clock::now() - began) / 20, kMoment,
                                        std::chrono::seconds(10)),
            stop);
      if (stop()) return false;
    }
    if (stop()) return false;
    const Left now = left(work);
    if (now.shards.empty()) return true;
    tries = tries > 0 && now.results < before ? 1 : tries + 1;
    if (tries > kMostTries) give_up(work, now.shards);
    before = now.results;
    submit(work, now.shards);
  }
}

std::vector<std::string> Slurm::stores(const ShardWork& work) const {
  std::vector<std::string> paths;
  for (std::int64_t i = 0; i < shards_; ++i) paths.push_back(store_of(work, i));
  return paths;
}

void Slurm::remove() {
  std::error_code error;
  fs::remove_all(folder_, error);
  if (error) throw base::InputError({folder_, 0, ""}, "cannot be removed: " + error.message());
}

std::string Slurm::store_of(const ShardWork& work, std::int64_t index) const {
  return path(work.name) + "/" + std::to_string(index);
}

Slurm::Left Slurm::left(const ShardWork& work) const {
  constexpr std::int64_t kNotBegun = std::int64_t{1} << 40;  // more than any lacks
  Left left;
  for (std::int64_t i = 0; i < shards_; ++i) {
    const std::string store = store_of(work, i);
    const std::int64_t lacks = fs::exists(store) ? work.lacks({i, shards_}, store) : kNotBegun;
    if (lacks == 0) continue;
    left.shards.push_back(i);
    left.results += lacks;
  }
  return left;
}

std::int64_t Slurm::queued(const std::function<bool()>& stop) const {
  constexpr std::chrono::minutes kPatience{10};  // a controller that starts anew
  const std::vector<std::string> command = {"squeue", "--noheader", "--array", "--name",
                                            job_,     "--format",   "%i"};
  for (const Clock::time_point began = Clock::now();;) {
    const CommandResult result = run_command(command);
    if (result.code == 0) return std::count(result.said.begin(), result.said.end(), '\n');
    if (Clock::now() - began > kPatience) fail("squeue", result);
    pause(std::chrono::seconds(5), stop);
    if (stop()) return 0;
  }
}

void Slurm::write_script(const ShardWork& work) const {
  const std::string begin =
      quoted(work.begin) + " --shard \"$shard/" + std::to_string(shards_) + "\" --out \"$store\"";
  std::string script =
      "#!/bin/sh\n"
      "# A task of an array: the shard that stands in its line of the list.\n"
      "cd " +
      quoted(fs::current_path().string()) +
      " || exit\n"
      "shard=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" \"$1\")\n"
      "store=" +
      quoted(path(work.name)) + "/$shard\n";
  if (work.go_on.empty()) {
    script += "set --" + begin + "\n";
  } else {
    script += "if [ -e \"$store\" ]; then\n  set --" + quoted(work.go_on) +
              " \"$store\"\nelse\n  set --" + begin + "\nfi\n";
  }
  const std::string program = fs::read_symlink("/proc/self/exe").string();
  script += quoted(program) + " \"$@\" " + work.processors + " " + std::to_string(processors_) +
            " >/dev/null 2>\"$store" + kErrors +
            "\"\n"
            "code=$?\n"
            "[ -s \"$store" +
            kErrors + "\" ] || rm -f \"$store" + kErrors + "\"\n" + "exit $code\n";
  base::write_file(path(work.name) + "/" + kScript, script);
}

void Slurm::submit(const ShardWork& work, const std::vector<std::int64_t>& indices) const {
  std::string lists = path(work.name) + "/list-";
  int number = 1;
  for (std::size_t first = 0; first < indices.size(); first += kMostTasks) {
    const std::size_t last = std::min(indices.size(), first + kMostTasks);
    std::string text;
    for (std::size_t i = first; i < last; ++i) text += std::to_string(indices[i]) + "\n";
    while (fs::exists(lists + std::to_string(number))) ++number;
    const std::string list = lists + std::to_string(number);
    base::write_file(list, text);
    const CommandResult result =
        run_command({"sbatch", "--parsable", "--job-name", job_, "--array",
                     "0-" + std::to_string(last - first - 1), "--cpus-per-task",
                     std::to_string(processors_), "--output", path(work.name) + "/" + kLog,
                     "--open-mode", "append", path(work.name) + "/" + kScript, list});
    if (result.code != 0) fail("sbatch", result);
  }
}

void Slurm::give_up(const ShardWork& work, const std::vector<std::int64_t>& indices) const {
  constexpr std::size_t kMostLines = 10;
  std::vector<std::string> lines;
  for (const std::int64_t index : indices) {
    if (lines.size() == kMostLines) {
      lines.push_back("and " + std::to_string(indices.size() - kMostLines) + " shards more");
      break;
    }
    std::ifstream errors(store_of(work, index) + kErrors);
    std::string said;
    std::getline(errors, said);
    lines.push_back("shard " + store::Shard{index, shards_}.text() + ": " +
                    (said.empty() ? "without a word; see " + path(work.name) + "/" + kLog : said));
  }
  throw base::InputError({"", 0, "slurm"}, "jobs came to nothing three times", lines,
                         "what is done is kept; the same command goes on");
}

}  // namespace lacuna::cluster

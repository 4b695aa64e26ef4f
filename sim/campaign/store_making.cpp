// How a campaign's store is made: anew, for a part, or of the stores of parts.
#include <algorithm>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/shell.hpp"
#include "campaign/store.hpp"
#include "run/version.hpp"

namespace lacuna::campaign {
namespace {

constexpr const char* kTables = R"(
CREATE TABLE golden (
  machine INTEGER NOT NULL, model INTEGER NOT NULL, machine_name TEXT NOT NULL,
  model_name TEXT NOT NULL, correct INTEGER NOT NULL, cycles INTEGER NOT NULL,
  dense_cycles INTEGER NOT NULL, logits_sha256 TEXT NOT NULL, classes INTEGER NOT NULL,
  output_rms REAL NOT NULL,
  PRIMARY KEY (machine, model)) WITHOUT ROWID;
CREATE TABLE populations (
  population INTEGER PRIMARY KEY, machine INTEGER NOT NULL, model INTEGER NOT NULL,
  source TEXT NOT NULL, kind TEXT NOT NULL, rate REAL NOT NULL, shape TEXT NOT NULL,
  shape_rows INTEGER NOT NULL, shape_bits INTEGER NOT NULL, layer TEXT NOT NULL,
  bit INTEGER NOT NULL, bank INTEGER NOT NULL, first_row INTEGER NOT NULL,
  last_row INTEGER NOT NULL, file TEXT NOT NULL, sites INTEGER NOT NULL, first INTEGER NOT NULL,
  most INTEGER NOT NULL, first_trial INTEGER NOT NULL,
  memory TEXT NOT NULL DEFAULT 'weight_sram', outside INTEGER NOT NULL DEFAULT 0,
  cells INTEGER NOT NULL DEFAULT 0);
)";

/// Of shards: which draws of each population are a round's.
constexpr const char* kDrawsTable =
    "CREATE TABLE draws (population INTEGER PRIMARY KEY, first_draw INTEGER NOT NULL, "
    "end_draw INTEGER NOT NULL)";

constexpr const char* kTrialTexts[] = {"weight",   "status", "logits_sha256", "ended",
                                       "ended_in", "holds",  "phase"};

std::string trials_table(const std::vector<std::string>& names, std::string_view rmse) {
  std::string columns;
  for (const std::string& name : names) {
    if (name == rmse) {
      columns += ", " + name + " REAL";
      continue;
    }
    const bool text =
        std::find(std::begin(kTrialTexts), std::end(kTrialTexts), name) != std::end(kTrialTexts);
    columns += columns.empty() ? name + " INTEGER PRIMARY KEY"
                               : ", " + name + (text ? " TEXT NOT NULL" : " INTEGER NOT NULL");
  }
  return "CREATE TABLE trials (" + columns + ")";
}

std::vector<GoldenRow> golden_rows(const TrialRunner& runner) {
  std::vector<GoldenRow> rows;
  for (std::size_t machine = 0; machine < runner.plan().machines.size(); ++machine) {
    for (std::size_t model = 0; model < runner.plan().models.size(); ++model) {
      const run::FaultFree& fault_free = runner.fault_free(machine, model);
      rows.push_back({runner.machine_name(machine), runner.model_name(model),
                      runner.golden(machine, model), runner.dense_cycles(machine, model),
                      fault_free.classes(), fault_free.rms()});
    }
  }
  return rows;
}

auto all_of(const GoldenRow& row) {
  return std::tie(row.machine, row.model, row.outcome.correct, row.outcome.cycles,
                  row.outcome.logits_sha256, row.dense_cycles, row.classes, row.output_rms);
}

auto all_of(const Population& own) {
  return std::tie(own.source, own.machine, own.model, own.form, own.rate, own.shape, own.memory,
                  own.label.layer, own.label.bit, own.label.bank, own.label.first_row,
                  own.label.last_row, own.file, own.sites, own.outside, own.cells, own.first,
                  own.most, own.first_trial);
}

template <class Row>
bool equal_rows(const std::vector<Row>& a, const std::vector<Row>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Row& x, const Row& y) { return all_of(x) == all_of(y); });
}

}  // namespace

std::string Part::describe() const {
  return "shard " + shard.text() +
         (round.number > 1 ? " of round " + std::to_string(round.number) : "");
}

void Store::write_golden(const store::Database& database, const std::vector<GoldenRow>& golden,
                         std::size_t models) {
  store::Statement insert(database, "INSERT INTO golden VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t place = 0; place < golden.size(); ++place) {
    const GoldenRow& row = golden[place];
    insert.bind(static_cast<std::int64_t>(place / models))
        .bind(static_cast<std::int64_t>(place % models))
        .bind(row.machine)
        .bind(row.model)
        .bind(row.outcome.correct)
        .bind(row.outcome.cycles)
        .bind(row.dense_cycles)
        .bind(row.outcome.logits_sha256)
        .bind(static_cast<std::int64_t>(row.classes))
        .bind(row.output_rms.value())
        .step();
  }
}

void Store::write_populations(const store::Database& database,
                              const std::vector<Population>& populations) {
  store::Statement insert(database,
                          "INSERT INTO populations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                          "?, ?, ?, ?, ?, ?, ?, ?, ?)");
  std::int64_t number = 0;
  for (const Population& own : populations) {
    insert.bind(number++)
        .bind(static_cast<std::int64_t>(own.machine))
        .bind(static_cast<std::int64_t>(own.model))
        .bind(std::string(source_name(own.source)))
        .bind(std::string(own.form.name()))
        .bind(own.rate)
        .bind(own.shape.name())
        .bind(own.shape.rows)
        .bind(own.shape.bits)
        .bind(own.label.layer)
        .bind(own.label.bit)
        .bind(own.label.bank)
        .bind(own.label.first_row)
        .bind(own.label.last_row)
        .bind(own.file)
        .bind(own.sites)
        .bind(own.first)
        .bind(own.most)
        .bind(own.first_trial)
        .bind(std::string(memory::memory_name(own.memory)))
        .bind(own.outside)
        .bind(own.cells)
        .step();
  }
}

void Store::write_part(const store::Database& database, const Part& part) {
  database.set_header_value("shard", part.shard.text());
  database.set_header_value("round", std::to_string(part.round.number));
  database.set_header_value("from", part.from);
  database.run(kDrawsTable);
  store::Statement insert(database, "INSERT INTO draws VALUES (?, ?, ?)");
  for (std::size_t i = 0; i < part.round.end.size(); ++i) {
    insert.bind(static_cast<std::int64_t>(i))
        .bind(part.round.begin[i])
        .bind(part.round.end[i])
        .step();
  }
}

store::Header Store::header_of(const TrialRunner& runner, const std::string& command) {
  const Plan& plan = runner.plan();
  return {kSchema, run::kVersion, plan.text, plan.sha256, runner.inputs_sha256(), command, ""};
}

Store Store::create(const std::string& path, const TrialRunner& runner, const std::string& command,
                    const std::optional<Part>& part) {
  return create(path, header_of(runner, command), [&](const store::Database& database) {
    write_golden(database, golden_rows(runner), runner.plan().models.size());
    write_populations(database, runner.populations());
    if (part) write_part(database, *part);
  });
}

Store Store::create(const std::string& path, const store::Header& header,
                    const std::function<void(const store::Database&)>& fill) {
  Store store(store::Database::create(path, header, [&](const store::Database& database) {
    database.set_header_value("replay", base::shell_command("lacuna replay", {path, "--trial"}));
    database.run(kTables);
    database.run(trials_table(Later{}.columns(), kRmse));
    database.run(kLostTable);
    fill(database);
  }));
  store.read_header();
  store.database_->begin_writing();
  return store;
}

Store Store::create_of(const std::vector<std::string>& files, std::int64_t trials,
                       const std::string& path, const Store& like, const std::string& command) {
  store::Header header = like.header_;
  header.command = command;
  return create(path, header, [&](const store::Database& database) {
    write_golden(database, like.golden_, like.plan_.models.size());
    write_populations(database, like.populations_);
    std::int64_t copied = 0;
    for (const std::string& file : files) {
      constexpr std::size_t kMostWaiting = 4096;
      const Store from = open_at_rest(file);
      from.expect_same_campaign(like);
      std::vector<TrialRow> rows;
      const auto write = [&] {
        insert(database, Later{}, rows, {});
        copied += static_cast<std::int64_t>(rows.size());
        rows.clear();
      };
      from.for_each([&](const TrialRow& row) {
        rows.push_back(row);
        if (rows.size() == kMostWaiting) write();
      });
      write();
      insert(database, Later{}, {}, from.lost());
    }
    if (copied == trials) return;
    throw base::InputError({path, 0, "merge"},
                           "a store has changed while it was read: " + std::to_string(copied) +
                               " trials instead of " + std::to_string(trials),
                           "stores that nobody writes");
  });
}

void Store::read_part() {
  const std::string text = database_->header_value("shard");
  if (text.empty()) return;
  const auto broken = [&](const std::string& key, const std::string& what) {
    throw base::InputError({database_->path(), 0, key}, what, "a store as the program wrote it");
  };
  Part part;
  const std::optional<store::Shard> shard = store::parse_shard(text);
  if (!shard) broken("shard", "is none");
  part.shard = *shard;
  part.from = database_->header_value("from");
  store::Statement number(*database_, "SELECT CAST(value AS INTEGER) FROM header WHERE key = ?");
  if (number.bind(std::string("round")).step()) part.round.number = number.integer(0);
  if (part.round.number < 1 || part.round.number > kMaxTrials ||
      (part.round.number == 1) != part.from.empty()) {
    broken("round", "is none");
  }
  store::Statement query(*database_,
                         "SELECT population, first_draw, end_draw FROM draws ORDER BY population");
  while (query.step()) {
    const std::size_t place = part.round.end.size();
    if (query.integer(0) != static_cast<std::int64_t>(place) || place >= populations_.size() ||
        query.integer(1) < 0 || query.integer(1) > query.integer(2) ||
        query.integer(2) > populations_[place].most) {
      broken("draws", "are none of its populations");
    }
    part.round.begin.push_back(query.integer(1));
    part.round.end.push_back(query.integer(2));
  }
  if (part.round.end.size() != populations_.size()) broken("draws", "are not of each population");
  part_ = std::move(part);
}

void Store::expect_whole() const {
  if (!part_) return;
  throw base::InputError({path(), 0, "shard"},
                         "is " + part_->describe() + " of a campaign, not all of it",
                         "what 'lacuna campaign merge' makes of its shards");
}

void Store::expect_same_campaign(const Store& other) const {
  expect({other.path(), other.header_, other.golden_, other.populations_});
}

void Store::expect_campaign_of(const TrialRunner& runner) const {
  expect({"the campaign", header_of(runner, ""), golden_rows(runner), runner.populations()});
}

void Store::expect(const Identity& other) const {
  const auto differs = [&](const char* key, const std::string& what) {
    throw base::InputError({path(), 0, key}, what + " " + other.name,
                           "stores of one campaign, one version of the program and the same files");
  };
  if (header_.plan_sha256 != other.header.plan_sha256) differs("plan", "is not that of");
  if (header_.version != other.header.version) {
    differs("version", "is " + header_.version + ", and " + other.header.version + " is that of");
  }
  if (header_.inputs_sha256 != other.header.inputs_sha256) {
    differs("inputs_sha256", "machines, networks, fault or data files are not those of");
  }
  if (!equal_rows(golden_, other.golden)) differs("golden", "fault-free runs are not those of");
  if (!equal_rows(populations_, other.populations)) differs("populations", "are not those of");
}

}  // namespace lacuna::campaign

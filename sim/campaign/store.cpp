#include "campaign/store.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "campaign/outcome_counts.hpp"

namespace lacuna::campaign {
namespace {

constexpr const char* kLost = "lost";

template <class Value, class Name>
Value named(const store::Statement& query, int column, const std::vector<Value>& all, Name name) {
  const std::string text = query.name(column);
  for (const Value& value : all) {
    if (text == name(value)) return value;
  }
  throw base::InputError({query.path(), 0, query.column(column)}, "'" + text.substr(0, 40) + "'",
                         "a name that this program writes");
}

/// Not in stores of 0.1.0.
constexpr const char* kStrikeColumns[] = {"cycle", "batch", "batch_cycles"};

/// Not in stores of before it was known; empty of trials other than strikes.
constexpr const char* kEndingColumns[] = {"ended", "ended_in", "holds", "phase"};

std::string insert_trial(const std::vector<std::string>& names) {
  return "INSERT INTO trials (" + base::join(names) + ") VALUES (" +
         base::join(std::vector<std::string>(names.size(), "?")) + ")";
}

}  // namespace

std::vector<std::string> Store::Later::columns() const {
  std::vector<std::string> names = {"trial", "population", "draw",   "map_seed", "bank",  "row",
                                    "bit",   "code_bit",   "weight", "step",     "status"};
  const auto add_counts = [&](bool of_result, Since since = Since::kFirst) {
    for (const OutcomeCount& own : kOutcomeCounts) {
      if (own.of_result == of_result && own.since == since) names.emplace_back(own.key);
    }
  };
  add_counts(true);
  names.emplace_back("logits_sha256");
  add_counts(false);
  if (rmse) names.emplace_back(kRmse);
  if (strikes) {
    names.insert(names.end(), std::begin(kStrikeColumns), std::end(kStrikeColumns));
    add_counts(true, Since::kStrikes);
  }
  if (endings) {
    names.insert(names.end(), std::begin(kEndingColumns), std::end(kEndingColumns));
    add_counts(true, Since::kEndings);
  }
  return names;
}

TrialRow Store::read_row(const store::Statement& query) const {
  TrialRow row;
  row.trial.number = query.integer(0);
  row.trial.population = static_cast<std::size_t>(query.integer(1));
  row.trial.draw = query.integer(2);
  row.faults.map_seed = static_cast<std::uint64_t>(query.integer(3));
  row.faults.site.cell = {query.integer(4), query.integer(5), query.integer(6)};
  row.faults.site.code_bit = query.integer(7);
  row.faults.site.weight = query.name(8);
  row.faults.step = query.integer(9);
  TrialOutcome& outcome = row.outcome;
  outcome.status = named<TrialStatus>(
      query, 10, {TrialStatus::kDone, TrialStatus::kCrashed, TrialStatus::kTimedOut},
      trial_status_name);
  int column = 11;
  const auto read_counts = [&](bool of_result, Since since = Since::kFirst) {
    for (const OutcomeCount& own : kOutcomeCounts) {
      if (own.of_result == of_result && own.since == since)
        own.in(outcome) = query.integer(column++);
    }
  };
  read_counts(true);
  outcome.logits_sha256 = query.name(column++);
  read_counts(false);
  if (later_.rmse) {
    if (!query.is_null(column)) outcome.rmse = query.real(column);
    ++column;
  }
  if (later_.strikes) {
    row.faults.cycle = query.integer(column++);
    row.faults.batch = query.integer(column++);
    row.faults.batch_cycles = query.integer(column++);
    read_counts(true, Since::kStrikes);
  }
  if (later_.endings) {
    if (!query.text(column).empty()) {
      outcome.ended = named<measure::FateStageName>(
                          query, column, {measure::kFateStages.begin(), measure::kFateStages.end()},
                          [](const measure::FateStageName& own) { return own.key; })
                          .stage;
    }
    ++column;
    outcome.ended_in = query.name(column++);
    row.faults.holds = query.name(column++);
    row.faults.phase = query.name(column++);
    read_counts(true, Since::kEndings);
  }
  check_row(row);
  return row;
}

std::string Store::select_trials() const {
  return "SELECT " + base::join(later_.columns()) + " FROM trials ";
}

Store::Store(std::unique_ptr<store::Database> database) : database_(std::move(database)) {}
Store::Store(Store&& other) noexcept = default;
Store::~Store() = default;

Store Store::open_to_write(const std::string& path) {
  Store store(store::Database::open_to_write(path));
  store.read_header();
  store.for_each([](const TrialRow&) {});  // what it holds is counted on, so it is checked first
  store.database_->begin_writing();
  store.database_->run(kLostTable);
  return store;
}

Store Store::open_to_read(const std::string& path) {
  Store store(store::Database::open_to_read(path));
  store.read_header();
  return store;
}

Store Store::open_at_rest(const std::string& path) {
  Store store(store::Database::open_at_rest(path));
  store.read_header();
  return store;
}

void Store::read_header() {
  header_ = database_->header(kSchema);
  plan_ = parse_plan(database_->path() + " (plan)", header_.plan);
  note_named(plan_, header_.folder);
  replay_ = database_->header_value("replay");
  const auto columns = database_->columns_of("trials");
  later_ = {columns.count(kRmse) != 0, columns.count(kStrikeColumns[0]) != 0,
            columns.count(kEndingColumns[0]) != 0};
  read_golden();
  read_populations();
  read_part();
}

void Store::read_golden() {
  const bool has_rms = database_->columns_of("golden").count("output_rms") != 0;
  store::Statement golden(
      *database_,
      std::string("SELECT machine_name, model_name, correct, cycles, dense_cycles, logits_sha256, "
                  "machine, model, ") +
          (has_rms ? "classes, output_rms" : "1, NULL") + " FROM golden ORDER BY machine, model");
  while (golden.step()) {
    const auto models = static_cast<std::int64_t>(plan_.models.size());
    const auto place = static_cast<std::int64_t>(golden_.size());
    GoldenRow row;
    row.machine = golden.name(0);
    row.model = golden.name(1);
    row.outcome.correct = golden.integer(2);
    row.outcome.cycles = golden.integer(3);
    row.dense_cycles = golden.integer(4);
    row.outcome.logits_sha256 = golden.name(5);
    row.classes = golden.integer(8) != 0;
    if (has_rms) row.output_rms = golden.real(9);
    if (row.outcome.correct < TrialOutcome::kNone || row.outcome.correct > plan_.images ||
        row.outcome.cycles <= 0 || row.outcome.cycles > kMostCount || row.dense_cycles <= 0 ||
        row.dense_cycles > kMostCount || golden.integer(6) != place / models ||
        golden.integer(7) != place % models || (row.outcome.has_labels() && !row.classes) ||
        !(row.output_rms.value_or(0) >= 0) || std::isinf(row.output_rms.value_or(0))) {
      throw base::InputError({database_->path(), 0, "golden"}, "a fault-free run is no outcome");
    }
    golden_.push_back(std::move(row));
  }
}

void Store::read_populations() {
  const auto columns = database_->columns_of("populations");
  const bool memories = columns.count("memory") != 0;
  const bool candidates = columns.count("outside") != 0;
  store::Statement query(
      *database_,
      std::string("SELECT machine, model, source, kind, rate, shape, shape_rows, shape_bits, "
                  "layer, bit, bank, first_row, last_row, file, sites, first, most, "
                  "first_trial, ") +
          (memories ? "memory" : "'weight_sram'") + (candidates ? ", outside, cells" : ", 0, 0") +
          " FROM populations ORDER BY population");
  const auto broken = [&](const std::string& what) {
    throw base::InputError({database_->path(), 0, "populations"}, what);
  };
  using Source = Population::Source;
  while (query.step()) {
    Population own;
    own.machine = static_cast<std::size_t>(query.integer(0));
    own.model = static_cast<std::size_t>(query.integer(1));
    own.source =
        named<Source>(query, 2, {Source::kMaps, Source::kSites, Source::kFile}, source_name);
    own.form = named(query, 3, fault_forms(), [](const FaultForm& form) { return form.name(); });
    own.rate = query.real(4);
    own.shape.rows = query.integer(6);
    own.shape.bits = query.integer(7);
    own.shape.kind = query.text(5) == "row"      ? Shape::Kind::kRow
                     : query.text(5) == "column" ? Shape::Kind::kColumn
                     : query.text(5) == "bank"   ? Shape::Kind::kBank
                                                 : Shape::Kind::kCluster;
    own.label = {query.name(8), query.integer(9), query.integer(10), query.integer(11),
                 query.integer(12)};
    own.file = query.name(13);
    own.sites = query.integer(14);
    own.first = query.integer(15);
    own.most = query.integer(16);
    own.first_trial = query.integer(17);
    own.memory =
        named<memory::MemoryKind>(query, 18, {memory::kMemories.begin(), memory::kMemories.end()},
                                  [](const memory::MemoryKind& kind) { return kind.name; })
            .id;
    own.outside = query.integer(19);
    own.cells = query.integer(20);
    const std::int64_t next =
        populations_.empty() ? 0 : populations_.back().first_trial + populations_.back().most;
    if (own.machine >= plan_.machines.size() || own.model >= plan_.models.size()) {
      broken("a population is of no machine or network of the plan");
    }
    if (own.most < 0 || own.first < 0 || own.first > own.most || own.first_trial != next ||
        own.most > kMaxTrials - next) {
      broken("trials are not numbered through");
    }
    check_population(own, query.name(5));
    populations_.push_back(std::move(own));
  }
  if (golden_.size() != plan_.machines.size() * plan_.models.size()) {
    broken("fault-free runs are missing");
  }
}

std::string Store::replay_command(std::int64_t number) const {
  return replay_ + " " + std::to_string(number);
}

void Store::record(const std::vector<TrialRow>& rows, const std::vector<LostTrial>& lost) {
  if (rows.empty() && lost.empty()) return;
  database_->transaction([&] { insert(*database_, later_, rows, lost); });
}

void Store::insert(const store::Database& database, const Later& later,
                   const std::vector<TrialRow>& rows, const std::vector<LostTrial>& lost) {
  store::Statement insert(database, insert_trial(later.columns()));
  for (const TrialRow& row : rows) {
    const TrialOutcome& outcome = row.outcome;
    insert.bind(row.trial.number)
        .bind(static_cast<std::int64_t>(row.trial.population))
        .bind(row.trial.draw)
        .bind(static_cast<std::int64_t>(row.faults.map_seed))
        .bind(row.faults.site.cell.bank)
        .bind(row.faults.site.cell.row)
        .bind(row.faults.site.cell.bit)
        .bind(row.faults.site.code_bit)
        .bind(row.faults.site.weight)
        .bind(row.faults.step)
        .bind(std::string(trial_status_name(outcome.status)));
    const auto bind_counts = [&](bool of_result, Since since = Since::kFirst) {
      for (const OutcomeCount& own : kOutcomeCounts) {
        if (own.of_result == of_result && own.since == since) insert.bind(own.of(outcome));
      }
    };
    bind_counts(true);
    insert.bind(outcome.logits_sha256);
    bind_counts(false);
    if (later.rmse) outcome.rmse ? insert.bind(*outcome.rmse) : insert.bind_null();
    if (later.strikes) {
      insert.bind(row.faults.cycle).bind(row.faults.batch).bind(row.faults.batch_cycles);
      bind_counts(true, Since::kStrikes);
    }
    if (later.endings) {
      insert.bind(std::string(outcome.ended ? measure::fate_stage(*outcome.ended).key : ""))
          .bind(outcome.ended_in)
          .bind(row.faults.holds)
          .bind(row.faults.phase);
      bind_counts(true, Since::kEndings);
    }
    insert.step();
  }
  store::Statement insert_lost(database, "INSERT INTO lost VALUES (?, ?)");
  for (const LostTrial& trial : lost) insert_lost.bind(trial.number).bind(trial.reason).step();
}

std::vector<LostTrial> Store::lost() const {
  std::vector<LostTrial> lost;
  if (!database_->has_table(kLost)) return lost;
  store::Statement query(
      *database_,
      "SELECT trial, reason FROM lost WHERE trial NOT IN (SELECT trial FROM trials) "
      "ORDER BY trial");
  while (query.step()) {
    const std::int64_t number = query.integer(0);
    if (number < 0 || number >= trial_count() || (part_ && !part_->shard.holds(number)) ||
        (!lost.empty() && number <= lost.back().number)) {
      throw base::InputError({database_->path(), 0, kLost},
                             "trial " + std::to_string(number) + " is not of this campaign");
    }
    lost.push_back({number, query.name(1)});
  }
  return lost;
}

std::optional<LostTrial> Store::find_lost(std::int64_t number) const {
  const std::vector<LostTrial> all = lost();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const LostTrial& trial) { return trial.number == number; });
  return found == all.end() ? std::nullopt : std::optional(*found);
}

void Store::forget_lost() {
  database_->transaction([&] { database_->run("DELETE FROM lost"); });
}

std::vector<bool> Store::recorded() const {
  std::vector<bool> done(static_cast<std::size_t>(trial_count()));
  mark_recorded(done);
  return done;
}

void Store::mark_recorded(std::vector<bool>& done) const {
  const std::int64_t count = trial_count();
  store::Statement query(*database_, "SELECT trial FROM trials");
  while (query.step()) {
    const std::int64_t trial = query.integer(0);
    if (trial < 0 || trial >= count) {
      throw base::InputError({database_->path(), 0, "trials"},
                             "trial " + std::to_string(trial) + " is not of this campaign");
    }
    done[static_cast<std::size_t>(trial)] = true;
  }
}

std::int64_t Store::recorded_count() const {
  store::Statement query(*database_, "SELECT COUNT(*) FROM trials");
  query.step();
  return query.integer(0);
}

std::optional<double> TrialRow::sqnr_db(const GoldenRow& golden) const {
  if (!outcome.rmse || !golden.output_rms) return std::nullopt;
  return run::sqnr_db(*golden.output_rms, *outcome.rmse);
}

void Tally::add(const TrialOutcome& outcome, double critical_images) {
  if (outcome.status != TrialStatus::kDone) {
    ++failed;
    return;
  }
  ++done;
  critical += static_cast<double>(outcome.sdc) > critical_images ? 1 : 0;
  const std::int64_t right = outcome.right();
  correct += right;
  correct_squared += right * right;
}

double Store::critical_images() const {
  return (plan_.sites ? plan_.sites->critical_share : 0) * static_cast<double>(plan_.images);
}

Tally Store::tally(std::size_t population, std::int64_t draws) const {
  const Population& own = populations_[population];
  store::Statement query(
      *database_,
      "SELECT COUNT(*), COALESCE(SUM(status = 'done'), 0), "
      "COALESCE(SUM(CASE WHEN status = 'done' AND sdc > ?1 THEN 1 ELSE 0 END), 0), "
      "COALESCE(SUM(own), 0), COALESCE(SUM(own * own), 0) "
      "FROM (SELECT status, sdc, CASE WHEN correct >= 0 THEN correct ELSE masked + benign END "
      "AS own FROM trials WHERE trial >= ?2 AND trial < ?3)");
  query.bind(critical_images()).bind(own.first_trial).bind(own.first_trial + draws);
  query.step();
  Tally tally;
  tally.done = query.integer(1);
  tally.failed = query.integer(0) - tally.done;
  tally.critical = query.integer(2);
  tally.correct = query.integer(3);
  tally.correct_squared = query.integer(4);
  return tally;
}

void Store::for_each(const std::function<void(const TrialRow&)>& visit) const {
  store::Statement query(*database_, select_trials() + "ORDER BY trial");
  std::int64_t last = -1;
  while (query.step()) {
    const TrialRow row = read_row(query);
    if (row.trial.number <= last) {
      throw base::InputError({database_->path(), 0, "trials"},
                             "trial " + std::to_string(row.trial.number) + " stands there twice");
    }
    last = row.trial.number;
    visit(row);
  }
}

std::optional<TrialRow> Store::find(std::int64_t number) const {
  store::Statement query(*database_, select_trials() + "WHERE trial = ?");
  query.bind(number);
  if (!query.step()) return std::nullopt;
  return read_row(query);
}

}  // namespace lacuna::campaign

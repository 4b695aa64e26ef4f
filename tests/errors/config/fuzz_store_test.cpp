// Damaged and forged stores of campaigns and sweeps: whatever reads them answers with InputError,
// or accepts. Half of the mutants have small changes of values that most often leave a good store,
// the other half hostile ones: values of other sizes and types, tables that are none, broken pages.
// LACUNA_FUZZ_COUNT sets the number of files a reader (default 3000, with LACUNA_FULL 100000). Each
// of the first 3,000 goes through all that uses a store, then each through one of them by turns.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include "base/error.hpp"
#include "campaign/merge.hpp"
#include "campaign/rounds.hpp"
#include "campaign/store.hpp"
#include "campaign/workers.hpp"
#include "explore/sweep_merge.hpp"
#include "explore/sweep_store.hpp"
#include "report/page/page_sections.hpp"
#include "report/text/campaign_text.hpp"
#include "report/text/sweep_text.hpp"
#include "share.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna {
namespace {

constexpr const char* kName = "store.sqlite";
std::size_t draw(std::size_t below, std::mt19937& random) {
  return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
}

/// A connection that may do anything to a file.
class Forger {
 public:
  Forger() {
    sqlite3_open(kName, &handle_);
    run("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");  // no disk to wait for
  }
  ~Forger() { sqlite3_close(handle_); }
  Forger(const Forger&) = delete;
  Forger& operator=(const Forger&) = delete;

  /// What the table's limits refuse stays undone.
  void run(const std::string& sql) {
    sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  }

  std::vector<std::string> list(const std::string& sql) {
    std::vector<std::string> values;
    sqlite3_stmt* query = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &query, nullptr) != SQLITE_OK) return values;
    while (sqlite3_step(query) == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(query, 0));
      values.emplace_back(text == nullptr ? "" : text);
    }
    sqlite3_finalize(query);
    return values;
  }

  std::string any(const std::vector<std::string>& of, std::mt19937& random) {
    return of.empty() ? "none" : of[draw(of.size(), random)];
  }

  /// UPDATE of one column of one row.
  void change(const std::string& value, const std::string& where, std::mt19937& random) {
    const std::string table =
        any(list("SELECT name FROM sqlite_schema WHERE type = 'table'"), random);
    const std::string column =
        any(list("SELECT name FROM pragma_table_info('" + table + "')"), random);
    const std::vector<std::string> keys =
        list("SELECT name FROM pragma_table_info('" + table + "') WHERE pk = 1");
    const std::string key = keys.empty() ? column : keys.front();
    const std::string row = any(list("SELECT quote(\"" + key + "\") FROM " + table), random);
    std::string set = value;
    for (std::size_t at = set.find('@'); at != std::string::npos; at = set.find('@')) {
      set.replace(at, 1, "\"" + column + "\"");
    }
    run("UPDATE " + table + " SET \"" + column + "\" = " + set + " WHERE \"" + key + "\" = " + row +
        where);
  }

 private:
  sqlite3* handle_ = nullptr;
};

const std::vector<std::string> kHostileValues{"-1",
                                              "-2",
                                              "0",
                                              "1",
                                              "9223372036854775807",
                                              "-9223372036854775807 - 1",
                                              "1e308",
                                              "9e999",
                                              "-9e999",
                                              "NULL",
                                              "''",
                                              "'x'",
                                              "x'00ff'",
                                              "'a' || char(10) || 'b'",
                                              "char(27)",
                                              "@ + 1",
                                              "@ * 1000",
                                              "-@",
                                              "@ || '1'",
                                              "zeroblob(100000)",
                                              "replace(hex(zeroblob(500)), '0', 'x')",
                                              "'[[[['",
                                              "'stuck_at_1'",
                                              "'site'",
                                              "'map'",
                                              "'file'",
                                              "'bank'",
                                              "'done'",
                                              "'crashed'",
                                              "replace(@, '1', '9')",
                                              "replace(@, 'a', '')",
                                              "substr(@, 2)",
                                              "'[{\"measure\":1}]'",
                                              "'[]'",
                                              "4611686018427387904",
                                              "281474976710657",
                                              "100000001"};

const std::vector<std::string> kForgeries{
    "DELETE FROM @",
    "DROP TABLE @",
    "INSERT INTO @ SELECT * FROM @ LIMIT 1",
    "CREATE TABLE copy AS SELECT * FROM @; DROP TABLE @; ALTER TABLE copy RENAME TO @; "
    "INSERT INTO @ SELECT * FROM @",
    "ALTER TABLE @ RENAME TO gone; CREATE VIEW @ AS SELECT * FROM gone",
    "ALTER TABLE @ RENAME TO gone; CREATE VIEW @ AS WITH RECURSIVE r(a, b, c, d) AS (SELECT 1, 2, "
    "3, 4 "
    "UNION ALL SELECT a + 1, b, c, d FROM r) SELECT * FROM r",
    "CREATE TRIGGER t AFTER INSERT ON @ BEGIN DELETE FROM @; END",
    "ALTER TABLE @ ADD COLUMN more TEXT"};

void harm(std::mt19937& random) {
  if (draw(8, random) == 0) {  // bytes of a page, or an end that is missing
    std::fstream file(kName, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    const auto size = static_cast<std::size_t>(file.tellg());
    for (int i = 0; i < 8; ++i) {
      file.seekp(static_cast<std::streamoff>(draw(size, random)));
      file.put(static_cast<char>(draw(256, random)));
    }
    file.close();
    if (draw(3, random) == 0) std::filesystem::resize_file(kName, draw(size, random));
    return;
  }
  Forger forger;
  if (draw(8, random) == 0) {
    std::string sql = kForgeries[draw(kForgeries.size(), random)];
    const std::string table =
        forger.any(forger.list("SELECT name FROM sqlite_schema WHERE type = 'table'"), random);
    for (std::size_t at = sql.find('@'); at != std::string::npos; at = sql.find('@')) {
      sql.replace(at, 1, table);
    }
    forger.run(sql);
    return;
  }
  for (std::size_t edits = 1 + draw(3, random); edits > 0; --edits) {
    forger.change(kHostileValues[draw(kHostileValues.size(), random)], "", random);
  }
}

/// Figures, names and rows as another good store has them.
void vary(const std::vector<std::string>& edits, std::mt19937& random) {
  Forger forger;
  for (std::size_t i = 1 + draw(3, random); i > 0; --i) {
    forger.run(edits[draw(edits.size(), random)]);
  }
}

/// What commands do with a store that they open to look at, and with one that they open to go on.
template <class Store>
struct Uses {
  std::vector<std::function<void(const Store&)>> reads;
  std::function<void(const Store&)> resume;
};

template <class Store>
void use(const Uses<Store>& uses, unsigned mutant) {
  constexpr unsigned kThroughAll = 3'000;
  const std::size_t turn = mutant / 2 % (uses.reads.size() + 1);
  const bool all = mutant < kThroughAll;
  if (all || turn < uses.reads.size()) {
    const Store store = Store::open_to_read(kName);
    for (std::size_t i = 0; i < uses.reads.size(); ++i) {
      if (all || i == turn) uses.reads[i](store);
    }
  }
  if (all || turn == uses.reads.size()) uses.resume(Store::open_to_write(kName));
}

template <class Store>
void fuzz(const std::string& good, const std::vector<std::string>& good_edits,
          const Uses<Store>& uses) {
  const test::TempFolder folder;
  unsigned refused = 0;
  for (unsigned i = 0; i < test::fuzz_count(); ++i) {
    std::mt19937 random(i);
    for (const char* beside : {"-wal", "-shm", "-journal"}) {
      std::filesystem::remove(std::string(kName) + beside);
    }
    folder.write(kName, good);
    if (i % 2 == 0) {
      vary(good_edits, random);
    } else {
      harm(random);
    }
    try {
      use(uses, i);
    } catch (const base::InputError& error) {
      ++refused;
      const std::string message = error.what();
      ASSERT_EQ(message.rfind(kName, 0), 0U) << "mutant " << i << ": " << message;
      ASSERT_LT(message.size(), 2'000U) << "mutant " << i;
      ASSERT_EQ(message.find('\n'), std::string::npos) << "mutant " << i << ": " << message;
      ASSERT_NE(i % 2, 0U) << "mutant " << i << ": " << message;
    } catch (const std::exception& error) {
      FAIL() << "mutant " << i << ": " << error.what();
    }
  }
  if (test::fuzz_count() < test::kEnoughForShares) return;
  EXPECT_GT(refused, test::fuzz_count() / 8) << "changes are too tame";
}

std::string bytes_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// Of all of a campaign, or a shard of it.
std::string good_campaign(const std::optional<store::Shard>& shard = {}) {
  const test::TempFolder folder;
  const std::string root = LACUNA_SOURCE_DIR;
  const campaign::Plan plan = campaign::parse_plan(
      "plan.yaml", "name: fuzz\nmachines: [" + root + "/hw_configs/edge_16x16.yaml]\nmodels: [" +
                       root + "/models/lenet5_as, " + root +
                       "/models/lenet5_qdnn]\nimages: 4\nrandom_maps:\n  kinds: [flip]\n"
                       "  rates: [0.001, 0.02]\n  maps: 10\n  half_width: 0.4\n  at_most: 14\n"
                       "single_faults:\n  kinds: [flip, upset]\n  shapes: [cell, row]\n"
                       "  strata: [bank]\n  samples: 4\n");
  const campaign::TrialRunner runner(plan);
  std::optional<campaign::Part> part;
  if (shard) part = campaign::Part{*shard, campaign::first_round(runner.populations()), ""};
  {
    campaign::Store store = campaign::Store::create(kName, runner, "a command", part);
    campaign::run_campaign(runner, store, {});
  }  // until it is closed its rows are in a log beside it
  return bytes_of(kName);
}

const report::Sink kNowhere = [](const std::string&) {};

Uses<campaign::Store> campaign_uses() {
  using campaign::Store;
  return {{[](const Store& store) {
             report::campaign_tables(store);
             report::campaign_csv(store, kNowhere);
           },
           [](const Store& store) { report::campaign_json(store, kNowhere); },
           [](const Store& store) {
             report::campaign_summary_csv(store, kNowhere);
             report::campaign_rows_csv(store, kNowhere);
           },
           [](const Store& store) {
             report::campaign_section(store, kName)
                 .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
           },
           [](const Store& store) {
             for (std::int64_t trial = 0; trial < std::min<std::int64_t>(store.trial_count(), 60);
                  ++trial) {
               store.find(trial);
             }
           }},
          [](const Store& store) {
            campaign::current_round(store);
            if (store.trial_count() < 1'000) store.recorded();
          }};
}

TEST(FuzzStores, GivenACampaignsStoreThenItIsReadOrRefused) {
  fuzz(good_campaign(),
       {"UPDATE trials SET cycles = cycles * 2 WHERE trial % 3 = 0",
        "UPDATE trials SET correct = max(correct - 1, 0)",
        "UPDATE trials SET masked = 0, benign = 4, sdc = 0",
        "UPDATE trials SET masked = 0, benign = 0, sdc = 4 WHERE trial % 2 = 0",
        "UPDATE trials SET status = 'crashed' WHERE trial = 3",
        "UPDATE trials SET status = 'timed_out'", "DELETE FROM trials WHERE trial % 5 = 1",
        "DELETE FROM trials", "UPDATE golden SET cycles = cycles + 1, correct = 0",
        "UPDATE golden SET machine_name = 'another', model_name = 'a, \"b\" <script>'",
        "UPDATE trials SET weight = 'conv1:1,2,3,4' WHERE bank >= 0",
        "UPDATE trials SET row = 0, bank = 7", "UPDATE trials SET macs_computed = 1000000000000",
        "UPDATE header SET value = '' WHERE key = 'command'",
        "UPDATE populations SET rate = rate / 2 WHERE source = 'map'",
        "UPDATE populations SET sites = sites * 2 WHERE source = 'site'"},
       campaign_uses());
}

/// What is said of a merge as a whole is said of its one store.
template <class Merge>
void merge_alone() {
  constexpr const char* kMerged = "merged.sqlite";
  std::filesystem::remove(kMerged);
  try {
    Merge({kName}).write(kMerged, "a command");
  } catch (const base::InputError& error) {
    EXPECT_FALSE(std::filesystem::exists(kMerged)) << error.what();
    const std::string message = error.what();
    const std::string whole = "merge: ";
    if (message.rfind(whole, 0) != 0) throw;
    throw base::InputError({kName, 0, "merge"}, message.substr(whole.size()));
  }
}

TEST(FuzzStores, GivenTheOnlyShardOfACampaignThenItIsMergedOrRefused) {
  Uses<campaign::Store> uses = campaign_uses();
  uses.reads = {[](const campaign::Store& store) { report::campaign_tables(store); },
                [](const campaign::Store&) { merge_alone<campaign::Merge>(); }};
  fuzz(good_campaign(store::Shard{0, 1}),
       {"UPDATE trials SET cycles = cycles * 2 WHERE trial % 3 = 0",
        "UPDATE trials SET correct = max(correct - 1, 0)",
        "UPDATE trials SET status = 'crashed' WHERE trial = 3",
        "UPDATE golden SET cycles = cycles + 1, correct = 0",
        "UPDATE header SET value = '' WHERE key = 'command'",
        "INSERT INTO lost SELECT trial, 'SIGKILL, 3 times' FROM trials WHERE trial < 5; "
        "DELETE FROM trials WHERE trial < 5"},
       uses);
}

std::string good_sweep(const std::optional<store::Shard>& shard = {}) {
  const test::TempFolder folder;
  const std::string root = LACUNA_SOURCE_DIR;
  const explore::SweepPlan plan = explore::parse_sweep(
      "sweep.yaml",
      "name: fuzz\nmachine: " + root + "/hw_configs/edge_16x16.yaml\nmodels: [" + root +
          "/models/lenet5_as]\nworkloads: [" + root +
          "/traces/gemm_small.csv]\nimages: 2\ngrid:\n"
          "  weight_sram.capacity_bytes: [16, 65536]\n  dram.bytes_per_cycle: [1, 8]\n"
          "faults:\n  rates: [0.01]\n  cells: [3]\n  maps: 2\n"
          "pareto: [cycles, sram_bits]\n");
  const explore::SweepRunner runner(plan);
  {
    explore::SweepStore store = explore::SweepStore::create(kName, runner, "a command", shard);
    explore::run_sweep(runner, store, 1);
  }
  return bytes_of(kName);
}

Uses<explore::SweepStore> sweep_uses() {
  using explore::SweepStore;
  return {{[](const SweepStore& store) {
             report::sweep_tables(store, store.plan().pareto);
             report::sweep_csv(store, store.plan().pareto);
           },
           [](const SweepStore& store) { report::sweep_json(store, store.plan().pareto); },
           [](const SweepStore& store) {
             report::sweep_section(store).dump(-1, ' ', false,
                                               nlohmann::json::error_handler_t::replace);
           }},
          [](const SweepStore& store) { store.recorded(); }};
}

TEST(FuzzStores, GivenASweepsStoreThenItIsReadOrRefused) {
  fuzz(good_sweep(),
       {"UPDATE points SET cycles = cycles * 2", "UPDATE points SET cycles = NULL WHERE point = 1",
        "UPDATE points SET cycles = 0, stream_cycles = 1", "DELETE FROM points WHERE point % 2 = 0",
        "DELETE FROM points", "UPDATE points SET status = 'unmappable', reason = 'a, \"b\" <i>'",
        "UPDATE points SET top1 = -1, density = 3", "UPDATE points SET faults = '[]'",
        "UPDATE points SET energy = 1e300", "UPDATE header SET value = '7' WHERE key = 'points'",
        "UPDATE header SET value = 'x' WHERE key = 'version'"},
       sweep_uses());
}

TEST(FuzzStores, GivenTheOnlyShardOfASweepThenItIsMergedOrRefused) {
  Uses<explore::SweepStore> uses = sweep_uses();
  uses.reads = {[](const explore::SweepStore& store) { report::sweep_tables(store, {}); },
                [](const explore::SweepStore&) { merge_alone<explore::SweepMerge>(); }};
  fuzz(good_sweep(store::Shard{0, 1}),
       {"UPDATE points SET cycles = cycles * 2", "UPDATE points SET cycles = NULL WHERE point = 1",
        "UPDATE points SET status = 'unmappable', reason = 'a, \"b\" <i>'",
        "UPDATE points SET faults = '[]'", "UPDATE header SET value = 'x' WHERE key = 'version'"},
       uses);
}

}  // namespace
}  // namespace lacuna

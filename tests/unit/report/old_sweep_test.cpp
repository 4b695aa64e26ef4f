// A sweep's store as the program's first release wrote it lacks what is measured since.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.hpp"
#include "explore/sweep_store.hpp"
#include "report/text/sweep_text.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna {
namespace {

void copy_old_store() {
  std::filesystem::copy_file(LACUNA_SOURCE_DIR "/tests/stores/0_1_0/sweep.sqlite", "s.sqlite");
}

TEST(OldSweep, GivenAStoreOfTheFirstReleaseThenItsExportHasTodaysHeadersAndWhatItHas) {
  const test::TempFolder folder;
  copy_old_store();
  const auto store = explore::SweepStore::open_to_read("s.sqlite");
  const explore::SweepRow row = store.rows().at(2);
  const auto* added = explore::find_column("macs_per_dram_byte");
  const auto place = static_cast<std::size_t>(added - explore::columns().data());
  EXPECT_FALSE(row.result.values[place]) << "it was not measured then";
  const std::string csv = report::sweep_csv(store, {});
  EXPECT_NE(csv.find(",stream_speedup,weight_load_cycles,"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",energy_pj,energy_mac_pj,"), std::string::npos);
  EXPECT_NE(csv.find(",done,35689,"), std::string::npos) << csv;
}

TEST(OldSweep, GivenItIsGoneOnWithThenTheErrorNamesWhatItLacks) {
  const test::TempFolder folder;
  copy_old_store();
  EXPECT_EQ(
      test::message_of<base::InputError>([] { explore::SweepStore::open_to_write("s.sqlite"); }),
      "s.sqlite: macs_per_dram_byte: is not measured by version 0.1.0, which began the "
      "sweep; a new store, or that version");
}

}  // namespace
}  // namespace lacuna

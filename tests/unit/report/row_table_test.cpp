#include "report/text/row_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace lacuna::report {
namespace {

constexpr double kConfidence = 0.95;

/// `critical` of `faults` faults change the top-1, `masked` no output.
void strike(RowTable& table, std::int64_t bank, std::int64_t row, std::int64_t faults,
            std::int64_t critical, std::int64_t masked) {
  RowSums& sums = table.at(bank, row);
  sums.tally.done += faults;
  sums.tally.critical += critical;
  sums.sdc += critical;
  sums.masked += masked;
}

TEST(RowTable, GivenFewRowsThenEachHasALineOfItsOwn) {
  RowTable table;
  strike(table, 0, 0, 8, 2, 4);
  strike(table, 0, 1, 8, 0, 4);
  strike(table, 1, 0, 8, 8, 0);
  strike(table, 1, 1, 8, 1, 4);
  EXPECT_EQ(table.text(kConfidence, true),
            "  rows                  bank 0          bank 1\n"
            "  0                     25.00%         100.00%\n"
            "  1                      0.00%          12.50%\n");
}

TEST(RowTable, GivenMoreRowsThanLinesThenGroupsAndEndsAddUpTheirRows) {
  RowTable table;
  // Rows 40 to 79 can change an output: 16 lines for 40 rows are groups of 4.
  for (std::int64_t row = 0; row < 100; ++row) {
    const bool used = row >= 40 && row < 80;
    strike(table, 0, row, 10, used && row >= 76 ? row - 75 : 0, used ? 5 : 10);
  }
  EXPECT_EQ(table.text(kConfidence, true),
            "  rows                  bank 0\n"
            "  0-39                   0.00%\n"
            "  40-43                  0.00%\n"
            "  44-47                  0.00%\n"
            "  48-51                  0.00%\n"
            "  52-55                  0.00%\n"
            "  56-59                  0.00%\n"
            "  60-63                  0.00%\n"
            "  64-67                  0.00%\n"
            "  68-71                  0.00%\n"
            "  72-75                  0.00%\n"
            "  76-79                 25.00%\n"  // 1 + 2 + 3 + 4 of 40
            "  80-99                  0.00%\n"
            "  worst rows   bank 0 row 79 (4 of 10), bank 0 row 78 (3 of 10), bank 0 row 77 (2 of "
            "10),\n               bank 0 row 76 (1 of 10)\n");
}

TEST(RowTable, GivenAnyMemoryThenItFitsAndCountsEachRowOnce) {
  for (const std::int64_t banks : {1, 3, 8, 9, 64}) {
    for (const std::int64_t rows : {1, 2, 16, 17, 33, 257, 1000}) {
      for (const std::int64_t used : {std::int64_t{0}, rows / 3, rows - 1}) {
        RowTable table;
        for (std::int64_t bank = 0; bank < banks; ++bank) {
          for (std::int64_t row = 0; row < rows; ++row) {
            strike(table, bank, row, 1, row >= used ? 1 : 0, row >= used ? 0 : 1);
          }
        }
        std::stringstream lines(table.text(kConfidence, true));
        std::string line;
        std::getline(lines, line);
        EXPECT_LE(line.size(), 2U + 12U + 8U * 16U);
        int count = 0;
        std::int64_t next = 0;  // every row is in one line
        while (std::getline(lines, line) && line.rfind("  worst rows", 0) != 0) {
          ++count;
          std::stringstream range(line);
          std::int64_t first = -1;
          range >> first;
          EXPECT_EQ(first, next) << line;
          std::int64_t last = first;
          if (range.peek() == '-') range.get() && range >> last;
          next = last + 1;
        }
        EXPECT_EQ(next, rows) << banks << " banks, used from " << used;
        EXPECT_LE(count, 19);
      }
    }
  }
}

TEST(RowTable, GivenAnUnfinishedCampaignThenSharesHaveIntervals) {
  RowTable table;
  strike(table, 0, 0, 8, 2, 4);
  EXPECT_NE(table.text(kConfidence, false).find("25.00% +- "), std::string::npos);
}

TEST(RowTable, GivenOnlyMaskedFaultsThenThatIsSaid) {
  RowTable table;
  strike(table, 0, 0, 8, 0, 8);
  EXPECT_EQ(table.text(kConfidence, true),
            "  rows         no fault in any of them changes an output\n");
}

}  // namespace
}  // namespace lacuna::report

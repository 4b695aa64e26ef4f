// The table of figures by itself: names that are unique and say their unit, parts that have a
// whole, and what is made of several counters.
#include "run/figures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace lacuna::run {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The words of a unit: "bytes/cycle" is bytes and cycle.
std::vector<std::string> words(const std::string& unit) {
  std::vector<std::string> list(1);
  for (const char c : lower(unit)) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      list.back() += c;
    } else {
      list.emplace_back();
    }
  }
  return list;
}

TEST(Figures, NamesAreUniqueAndAColumnSaysItsUnit) {
  std::set<std::string> keys;
  std::set<std::string> headers;
  for (const Figure& figure : figures()) {
    EXPECT_TRUE(keys.insert(figure.key).second) << figure.key;
    EXPECT_FALSE(figure.meaning.empty()) << figure.key;
    if (figure.column.empty()) {
      EXPECT_FALSE(figure.in_sweeps) << figure.key << " has no name as a column";
      continue;
    }
    EXPECT_TRUE(headers.insert(figure.column).second) << figure.column;
    if (figure.unit == "x") continue;
    for (const std::string& word : words(figure.unit)) {
      EXPECT_NE(figure.column.find(word), std::string::npos)
          << figure.column << " does not say " << figure.unit;
    }
  }
}

TEST(Figures, EveryCounterIsOneAndEveryPartHasAWholeOfItsKind) {
  for (const measure::Counter& counter : measure::kCounters) {
    EXPECT_EQ(figure_of(counter.key).unit, counter.unit);
  }
  for (const Figure& figure : figures()) {
    if (figure.part_of.empty()) continue;
    const Figure& whole = figure_of(figure.part_of);
    EXPECT_EQ(whole.kind, figure.kind) << figure.key;
    EXPECT_EQ(whole.scope, figure.scope) << figure.key;
  }
}

TEST(Figures, AreMadeOfWhatWasCounted) {
  RunRecord record;
  record.pes = 4;
  record.images = 2;
  record.activation_bits = 8;
  record.bitmap_word_bits = 16;
  record.total.cycles.stream = base::Cycles{30};
  record.total.cycles.weight_load = base::Cycles{10};
  record.total.macs = {100, 40, 0, 60};
  record.total.dram_read = base::Bytes{15};
  record.total.dram_written = base::Bytes{5};
  record.total.activation_sram = {7, 3};
  record.total.bitmap = {2, 1};
  const FigureRow row = whole_run(record);
  const auto of = [&](const char* key) { return figure_of(key).value(row); };
  EXPECT_EQ(of("cycles.total"), FigureValue(std::int64_t{40}));
  EXPECT_EQ(of("array_utilisation"), FigureValue(40.0 / (40 * 4)));
  EXPECT_EQ(of("dram_bytes_per_cycle"), FigureValue(20.0 / 40));
  EXPECT_EQ(of("macs_per_dram_byte"), FigureValue(100.0 / 20));
  // 10 activations of 8 bits and 3 words of 16
  EXPECT_EQ(of("activation_traffic_bits"), FigureValue(std::int64_t{80 + 48}));
  EXPECT_EQ(of("speedup"), FigureValue()) << "there was no dense run";
  EXPECT_EQ(of("energy.total_pj"), FigureValue()) << "there was no table";
  EXPECT_EQ(of("top1"), FigureValue()) << "there are no labels";
  record.dense.emplace();
  record.dense->stream = base::Cycles{90};
  record.dense->idle = base::Cycles{10};
  EXPECT_EQ(of("speedup"), FigureValue(2.5));
  EXPECT_EQ(of("stream_speedup"), FigureValue(3.0));
  EXPECT_EQ(of("dense.idle"), FigureValue(std::int64_t{10}));
}

TEST(Figures, WhatCannotBeDividedIsNull) {
  const RunRecord empty;
  for (const Figure& figure : figures()) {
    const FigureValue value = figure.value(whole_run(empty));
    if (figure.kind == FigureKind::kCount) continue;
    EXPECT_TRUE(value.index() == 0 && (figure.may_be_null || figure.may_be_absent)) << figure.key;
  }
}

}  // namespace
}  // namespace lacuna::run

#include "arch/spec.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "base/error.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna::arch {
namespace {

const std::string kFolder = std::string(LACUNA_SOURCE_DIR) + "/hw_configs/";

AcceleratorSpec edge(const std::vector<Override>& overrides = {}) {
  return load_spec(kFolder + "edge_16x16.yaml", overrides);
}

std::string error(const std::vector<Override>& overrides) {
  return test::message_of<base::InputError>([&] { edge(overrides); });
}

TEST(LoadSpec, ReadsEveryShippedMachineAndItsNameIsTheFiles) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const AcceleratorSpec spec = load_spec(entry.path());
    EXPECT_EQ(spec.name, entry.path().stem());
    EXPECT_EQ(spec.file, entry.path());
    EXPECT_NO_THROW(validate(spec));
  }
  EXPECT_GE(files, 5);
}

TEST(LoadSpec, FillsEveryField) {
  const AcceleratorSpec spec = edge({{"array.k_order", "interleaved"},
                                     {"array.whole_folds", "true"},
                                     {"weight_sram.encoding", "sign_magnitude"},
                                     {"activation_sram.word_bits", "32"},
                                     {"precision.activation_bits", "6"},
                                     {"post.lanes", "8"},
                                     {"post.latency_cycles", "3"},
                                     {"clock_mhz", "123"}});
  EXPECT_EQ(spec.name, "edge_16x16");
  EXPECT_EQ(spec.array.rows, 16);
  EXPECT_EQ(spec.array.cols, 16);
  EXPECT_EQ(spec.array.weights_per_pe, 16);
  EXPECT_EQ(spec.array.dataflow, Dataflow::kWeightStationary);
  EXPECT_EQ(spec.array.weight_load, WeightLoad::kShadowed);
  EXPECT_EQ(spec.array.psum_fifo_depth, 4);
  EXPECT_EQ(spec.array.local_accumulators, 2);
  EXPECT_EQ(spec.array.k_order, KOrder::kInterleaved);
  EXPECT_TRUE(spec.array.whole_folds);
  EXPECT_EQ(spec.zero_skipping, ZeroSkipping::kSkip);
  EXPECT_EQ(spec.weight_sram.capacity_bytes, 65536);
  EXPECT_EQ(spec.weight_sram.word_bits, 64);
  EXPECT_EQ(spec.weight_sram.banks, 4);
  EXPECT_EQ(spec.weight_sram.encoding, tensor::Encoding::kSignMagnitude);
  EXPECT_EQ(spec.activation_sram.capacity_bytes, 65536);
  EXPECT_EQ(spec.activation_sram.word_bits, 32);
  EXPECT_EQ(spec.activation_sram.banks, 16);
  EXPECT_EQ(spec.accumulators.entries_per_lane, 4096);
  EXPECT_EQ(spec.post.lanes, 8);
  EXPECT_EQ(spec.post.latency_cycles, 3);
  EXPECT_EQ(spec.dram.latency_cycles, 100);
  EXPECT_EQ(spec.dram.bytes_per_cycle, 8);
  EXPECT_EQ(spec.precision.weight_bits, 4);
  EXPECT_EQ(spec.precision.activation_bits, 6);
  EXPECT_EQ(spec.precision.accumulator_bits, 32);
  EXPECT_EQ(spec.clock_mhz, 123);
}

TEST(LoadSpec, TakesUnlimitedForCapacitiesAndRates) {
  const AcceleratorSpec spec = load_spec(kFolder + "scalesim_ws.yaml");
  EXPECT_EQ(spec.weight_sram.capacity_bytes, std::nullopt);
  EXPECT_EQ(spec.activation_sram.capacity_bytes, std::nullopt);
  EXPECT_EQ(spec.accumulators.entries_per_lane, std::nullopt);
  EXPECT_EQ(spec.post.lanes, std::nullopt);
  EXPECT_EQ(spec.dram.bytes_per_cycle, std::nullopt);
}

TEST(LoadSpec, TakesFractionsOfBytesACycleExactly) {
  const auto bandwidth = [](const std::vector<Override>& overrides) {
    return edge(overrides).dram.bytes_per_cycle;
  };
  EXPECT_EQ(bandwidth({{"dram.bytes_per_cycle", "12.8"}}), base::Ratio(64, 5));
  EXPECT_EQ(bandwidth({{"dram.bytes_per_cycle", "0.333333"}}), base::Ratio(333'333, 1'000'000));
  EXPECT_EQ(bandwidth({{"dram.bytes_per_cycle", "8.0"}}), 8);
  EXPECT_EQ(bandwidth({{"dram.bytes_per_cycle", "unlimited"}}), std::nullopt);
}

TEST(LoadSpec, TakesBytesASecondInsteadAndTheClockMakesThemBytesACycle) {
  const AcceleratorSpec spec = edge({{"dram.gigabytes_per_second", "19.2"}, {"clock_mhz", "900"}});
  EXPECT_EQ(spec.dram.gigabytes_per_second, base::Ratio(96, 5));
  EXPECT_EQ(spec.dram.bytes_per_cycle, base::Ratio(64, 3));
  EXPECT_NO_THROW(validate(spec));
  // At 1 GHz they are the same number; the last of two overrides wins.
  const Override a_second{"dram.gigabytes_per_second", "25.6"};
  const Override a_cycle{"dram.bytes_per_cycle", "unlimited"};
  EXPECT_EQ(edge({{"clock_mhz", "1000"}, a_cycle, a_second}).dram.bytes_per_cycle,
            base::Ratio(256, 10));
  EXPECT_EQ(edge({a_second, a_cycle}).dram.bytes_per_cycle, std::nullopt);
  EXPECT_EQ(edge({a_second, a_cycle}).dram.gigabytes_per_second, std::nullopt);
}

TEST(Fields, OfTwoKeysThatSayTheSameOnlyTheOneThatIsGivenHasAValue) {
  const auto value = [](const std::vector<Override>& overrides, const std::string& path) {
    for (const Field& field : fields(edge(overrides))) {
      if (field.path() == path) return field.value;
    }
    return FieldValue("no such key");
  };
  const std::string a_cycle = "dram.bytes_per_cycle";
  const std::string a_second = "dram.gigabytes_per_second";
  EXPECT_EQ(value({}, a_cycle), FieldValue(std::int64_t{8}));
  EXPECT_EQ(value({}, a_second), FieldValue());
  EXPECT_EQ(value({{a_cycle, "12.8"}}, a_cycle), FieldValue(12.8));
  EXPECT_EQ(value({{a_cycle, "unlimited"}}, a_cycle), FieldValue("unlimited"));
  EXPECT_EQ(value({{a_second, "19.2"}}, a_cycle), FieldValue());
  EXPECT_EQ(value({{a_second, "19.2"}}, a_second), FieldValue(19.2));
  EXPECT_EQ(value({{a_second, "20.0"}}, a_second), FieldValue(std::int64_t{20}));
}

TEST(LoadSpec, HashesTheFileAndTheOverrides) {
  EXPECT_EQ(edge().sha256, edge().sha256);
  EXPECT_EQ(edge().sha256.size(), 64U);
  EXPECT_NE(edge().sha256, edge({{"array.rows", "16"}}).sha256);
  EXPECT_NE(edge().sha256, load_spec(kFolder + "tiny_8x8.yaml").sha256);
}

// A bound that is accepted, and the next value beyond it that is not. (Relations between fields are
// satisfied by further overrides.)
struct BoundCase {
  Override good;
  const char* bad;
  std::vector<Override> also;
};

TEST(LoadSpec, AcceptsBothEndsOfEveryRangeAndNothingBeyond) {
  const Override any_weights{"weight_sram.capacity_bytes", "unlimited"};
  const Override any_activations{"activation_sram.capacity_bytes", "unlimited"};
  const Override one_lane{"post.lanes", "1"};
  const Override wide{"weight_sram.word_bits", "4096"};
  const BoundCase cases[] = {
      {{"array.rows", "1"}, "0", {}},
      {{"array.rows", "1024"}, "1025", {}},
      {{"array.cols", "1"}, "0", {one_lane}},
      {{"array.cols", "1024"}, "1025", {wide, any_weights}},
      {{"array.weights_per_pe", "1"}, "0", {}},
      {{"array.weights_per_pe", "256"}, "257", {}},
      {{"array.psum_fifo_depth", "2"}, "1", {}},
      {{"array.psum_fifo_depth", "64"}, "65", {}},
      {{"array.local_accumulators", "1"}, "0", {}},
      {{"array.local_accumulators", "2"}, "3", {}},
      {{"weight_sram.word_bits", "16"}, "1", {}},
      {{"weight_sram.word_bits", "4096"}, "4097", {any_weights}},
      {{"weight_sram.banks", "1"}, "0", {}},
      {{"weight_sram.banks", "1024"}, "1025", {}},
      {{"weight_sram.capacity_bytes", "32"}, "0", {}},
      {{"weight_sram.capacity_bytes", "1073741824"}, "1073741856", {}},
      {{"activation_sram.word_bits", "4"}, "1", {any_activations}},
      {{"activation_sram.word_bits", "4096"}, "4097", {any_activations}},
      {{"activation_sram.banks", "1"}, "0", {}},
      {{"activation_sram.banks", "1024"}, "1025", {}},
      {{"accumulator_sram.entries_per_lane", "2"}, "1", {}},
      {{"accumulator_sram.entries_per_lane", "16777216"},
       "16777217",
       {{"array.cols", "1"}, one_lane}},
      {{"post.lanes", "1"}, "0", {}},
      {{"post.latency_cycles", "0"}, "-1", {}},
      {{"post.latency_cycles", "1000000"}, "1000001", {}},
      {{"dram.latency_cycles", "0"}, "-1", {}},
      {{"dram.latency_cycles", "1000000"}, "1000001", {}},
      {{"dram.bytes_per_cycle", "0.001"}, "0.000999", {}},
      {{"dram.bytes_per_cycle", "65536"}, "65536.000001", {}},
      {{"dram.gigabytes_per_second", "0.001"}, "0.000999", {}},
      {{"dram.gigabytes_per_second", "65536"}, "65536.000001", {{"clock_mhz", "1000"}}},
      {{"precision.weight_bits", "2"}, "1", {}},
      {{"precision.weight_bits", "8"}, "9", {}},
      {{"precision.activation_bits", "2"}, "1", {}},
      {{"precision.activation_bits", "8"}, "9", {}},
      {{"precision.accumulator_bits", "32"}, "31", {}},
      {{"precision.accumulator_bits", "32"}, "33", {}},
      {{"clock_mhz", "1"}, "0", {}},
      {{"clock_mhz", "100000"}, "100001", {}},
  };
  for (const BoundCase& test : cases) {
    std::vector<Override> overrides = test.also;
    overrides.push_back(test.good);
    EXPECT_EQ(error(overrides), "") << test.good.key << '=' << test.good.value;
    overrides.back().value = test.bad;
    const std::string message = error(overrides);
    EXPECT_EQ(message.find("--set " + test.good.key + ": '" + test.bad + "' is out of range; "), 0U)
        << message;
  }
}

struct RelationCase {
  std::vector<Override> overrides;
  const char* key;  // that the message blames; "" when the spec is valid
};

TEST(LoadSpec, ChecksRelationsBetweenBlocksTightly) {
  const RelationCase cases[] = {
      // 16 columns x 4 bits: one word of 64 bits, or two of 32.
      {{{"weight_sram.banks", "1"}}, ""},
      {{{"weight_sram.banks", "1"}, {"weight_sram.word_bits", "32"}}, "weight_sram.banks"},
      {{{"weight_sram.banks", "2"}, {"weight_sram.word_bits", "32"}}, ""},
      // 2 x 34 bits hold 8 weights each: enough. 3 x 22 bits are more than the 64 that 16 weights
      // have, but 22 bits hold 5 whole weights, so 16 need a fourth word.
      {{{"weight_sram.banks", "2"},
        {"weight_sram.word_bits", "34"},
        {"weight_sram.capacity_bytes", "unlimited"}},
       ""},
      {{{"weight_sram.banks", "3"},
        {"weight_sram.word_bits", "22"},
        {"weight_sram.capacity_bytes", "unlimited"}},
       "weight_sram.banks"},
      // Whole rows of all banks: 4 x 64 bits = 32 bytes.
      {{{"weight_sram.capacity_bytes", "32"}}, ""},
      {{{"weight_sram.capacity_bytes", "48"}}, "weight_sram.capacity_bytes"},
      {{{"weight_sram.capacity_bytes", "33"}}, "weight_sram.capacity_bytes"},
      {{{"activation_sram.capacity_bytes", "128"}}, ""},
      {{{"activation_sram.capacity_bytes", "64"}}, "activation_sram.capacity_bytes"},
      // A word holds a value.
      {{{"weight_sram.word_bits", "4"}, {"weight_sram.banks", "16"}}, ""},
      {{{"weight_sram.word_bits", "2"}, {"weight_sram.banks", "32"}}, "weight_sram.word_bits"},
      {{{"activation_sram.word_bits", "2"}}, "activation_sram.word_bits"},
      // 1024 x 16 x 256 = 2^22; 1024 x 64 x 256 = 2^24; 1024 x 65 x 256 is more.
      {{{"array.rows", "1024"}, {"array.cols", "64"}, {"array.weights_per_pe", "256"}}, ""},
      {{{"array.rows", "1024"},
        {"array.cols", "65"},
        {"weight_sram.banks", "8"},
        {"array.weights_per_pe", "256"}},
       "array.weights_per_pe"},
      // 1000 x 65.536 / 1 = 65536 bytes a cycle; 1000 x 0.1 / 100,000 = 0.001.
      {{{"dram.gigabytes_per_second", "65.536"}, {"clock_mhz", "1"}}, ""},
      {{{"dram.gigabytes_per_second", "65.537"}, {"clock_mhz", "1"}}, "dram.gigabytes_per_second"},
      {{{"dram.gigabytes_per_second", "0.1"}, {"clock_mhz", "100000"}}, ""},
      {{{"dram.gigabytes_per_second", "0.099999"}, {"clock_mhz", "100000"}},
       "dram.gigabytes_per_second"},
      {{{"post.lanes", "16"}}, ""},
      {{{"post.lanes", "17"}}, "post.lanes"},
      {{{"post.lanes", "unlimited"}}, ""},
      // 2^20 entries x 16 columns = 2^24.
      {{{"accumulator_sram.entries_per_lane", "1048576"}}, ""},
      {{{"accumulator_sram.entries_per_lane", "1048577"}}, "accumulator_sram.entries_per_lane"},
  };
  for (const RelationCase& test : cases) {
    const std::string message = error(test.overrides);
    if (*test.key == '\0') {
      EXPECT_EQ(message, "");
    } else {
      EXPECT_NE(message.find(std::string(test.key) + ": "), std::string::npos)
          << "expected an error at " << test.key << ", got: " << message;
    }
  }
}

TEST(Validate, ChecksSpecsThatWereBuiltInCode) {
  using Change = std::function<void(AcceleratorSpec&)>;
  struct Case {
    const char* start;
    Change change;
  };
  const Case cases[] = {
      {"name: ", [](AcceleratorSpec& s) { s.name.clear(); }},
      {"array.rows: 0 is out of range; an integer from 1 to 1024",
       [](AcceleratorSpec& s) { s.array.rows = 0; }},
      {"array.dataflow: ", [](AcceleratorSpec& s) { s.array.dataflow = static_cast<Dataflow>(9); }},
      {"weight_sram.capacity_bytes: 0 ",
       [](AcceleratorSpec& s) { s.weight_sram.capacity_bytes = 0; }},
      {"precision.accumulator_bits: 16 ",
       [](AcceleratorSpec& s) { s.precision.accumulator_bits = 16; }},
      {"post.lanes: ", [](AcceleratorSpec& s) { s.post.lanes = 17; }},
      {"dram.bytes_per_cycle: ", [](AcceleratorSpec& s) { s.dram.bytes_per_cycle = 0; }},
      {"dram.bytes_per_cycle: ",
       [](AcceleratorSpec& s) { s.dram.bytes_per_cycle = base::Ratio(64, 3); }},
      {"dram.gigabytes_per_second: is not what ",
       [](AcceleratorSpec& s) { s.dram.gigabytes_per_second = base::Ratio(64, 5); }},
  };
  for (const Case& test : cases) {
    AcceleratorSpec spec = edge();
    spec.file.clear();
    test.change(spec);
    const std::string message = test::message_of<base::InputError>([&] { validate(spec); });
    EXPECT_EQ(message.find(test.start), 0U) << message;
  }
}

}  // namespace
}  // namespace lacuna::arch

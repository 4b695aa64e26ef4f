#include "network/workload.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/sha256.hpp"

namespace lacuna::network::test {
namespace {

constexpr const char* kConvHeader =
    "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride";
constexpr const char* kScalesimHeader =
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
    "Strides,";

Layer only_layer(const std::string& header, const std::string& row) {
  const Workload workload = workload_from_bytes(header + "\n" + row + "\n", "w.csv");
  EXPECT_EQ(workload.layers.size(), 1U);
  return workload.layers.at(0).layer;
}

TEST(Workload, GivenGemmRowsThenTheyAreOneByOneConvolutions) {
  const std::string bytes = "\xEF\xBB\xBFlayer,M,N,K,density\n\n a , 5,7 ,11,0.25\r\nb,1,2,3,1\n";
  const Workload workload = workload_from_bytes(bytes, "some/gemms.csv");
  EXPECT_EQ(workload.name, "gemms");
  EXPECT_EQ(workload.sha256, base::sha256_hex(bytes));
  ASSERT_EQ(workload.layers.size(), 2U);
  const Layer& layer = workload.layers[0].layer;
  EXPECT_EQ(layer.name, "a");
  EXPECT_EQ(layer.in, (MapShape{5, 1, 11}));
  EXPECT_EQ(layer.out, (MapShape{5, 1, 7}));
  EXPECT_EQ(layer.m(), 5);
  EXPECT_EQ(layer.n(), 7);
  EXPECT_EQ(layer.k(), 11);
  EXPECT_EQ(workload.layers[0].density, 0.25);
  EXPECT_EQ(workload.layers[1].density, 1.0);
}

TEST(Workload, GivenScaleSimsGemmFormThenItIsTheSame) {
  const Layer layer = only_layer("Layer, M, N, K,", "GEMM0, 64, 32, 16,");
  EXPECT_EQ(layer.m(), 64);
  EXPECT_EQ(layer.n(), 32);
  EXPECT_EQ(layer.k(), 16);
}

// As public topology files have them: other titles, plurals, notes behind, comments, semicolons.
TEST(Workload, GivenAnySpellingOfScaleSimsFormThenItIsTheSame) {
  const Layer expected = only_layer(kScalesimHeader, "c1, 9, 8, 3, 2, 4, 5, 2,");
  const std::pair<const char*, const char*> files[] = {
      {"LAYER NAME,IFMAP HEIGHT,IFMAP WIDTH,FILTER HEIGHT,FILTER WIDTH,CHANNELS,NUM FILTER,STRIDES",
       "c1,9,8,3,2,4,5,2"},
      {"Layer, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channel, Num Filters, "
       "Stride,",
       "c1, 9, 8, 3, 2, 4, 5, 2,"},
      {"L,IFMAP Height,IFMAP Height,Filter Height,Filter Height,Channels,Num_Filter,Strides",
       "c1,9,8,3,2,4,5,2"},
      {"Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
       "Strides,,,note",
       ",,,,,,,,,,\n# a comment\nc1,9,8,3,2,4,5,2,,,x\n;\n"},
      {"Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
       "Strides,",
       "c1, 9, 8, 3, 2, 4, 5, 2, 1,"},
      {"Layer name;IFMAP Height;IFMAP Width;Filter Height;Filter Width;Channels;Num "
       "Filter;Strides;",
       "c1;9;8;3;2;4;5;2;"},
      {"Layer\xC2\xA0name, IFMAP Height, IFMAP Width,Filter  Height, Filter Width, Channels, Num "
       "Filter, Strides;",
       "\"c1\",\xC2\xA0"
       "9, 8, 3, 2, 4, 5, 2;"},
  };
  for (const auto& [header, rows] : files) {
    const Layer layer = only_layer(header, rows);
    EXPECT_EQ(layer.name, "c1") << header;
    EXPECT_EQ(layer.in, expected.in) << header;
    EXPECT_EQ(layer.out, expected.out) << header;
    EXPECT_EQ(layer.k(), expected.k()) << header;
    EXPECT_EQ(layer.window.stride_w, 2) << header;
  }
}

TEST(Workload, GivenNamesThatRepeatThenEachLayerHasItsOwn) {
  const Workload workload = workload_from_bytes(
      "Layer Name, M, N, K,\na,1,1,1\na,2,1,1\na (2),3,1,1\na,4,1,1\n", "w.csv");
  std::vector<std::string> names;
  for (const WorkloadLayer& entry : workload.layers) names.push_back(entry.layer.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "a (2)", "a (2) (2)", "a (3)"}));
}

// 16 x 16 under 3 x 3 with dilation 2 covers 5 x 5; padding 2 keeps the size: M 256, K 36, N 8.
TEST(Workload, GivenColumnsOfEachAxisThenTheyAreIndependent) {
  const std::string columns = "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,";
  const Layer dilated = only_layer(columns + "stride,padding,dilation", "d,16,16,3,3,4,8,1,2,2");
  EXPECT_EQ(dilated.m(), 256);
  EXPECT_EQ(dilated.k(), 36);
  const Layer sides = only_layer(columns + "stride,pad_left,pad_right", "s,1,32,1,3,16,16,1,1,1");
  EXPECT_EQ(sides.out, (MapShape{1, 32, 16}));
  EXPECT_EQ(sides.window.pad_top, 0);
  const Layer strides = only_layer(columns + "pad_top,density,stride_w,stride_h,dilation_w",
                                   "t,10,11,3,2,1,1,1,0.5,3,2,4");
  EXPECT_EQ(strides.out, (MapShape{5, 3, 1}));  // (10 + 1 - 3) / 2 + 1, (11 - 5) / 3 + 1
}

TEST(Workload, GivenOurConvolutionFormThenTheOutputSideIsRoundedDown) {
  struct Row {
    const char* columns;
    const char* row;
    std::int64_t out_h, out_w, groups, k;
  };
  const std::vector<Row> rows = {
      {"", "c,224,224,7,7,3,64,2", 109, 109, 1, 147},
      {",padding", "c,224,224,7,7,3,64,2,3", 112, 112, 1, 147},
      {",padding,groups", "c,14,10,3,3,8,8,1,1,8", 14, 10, 8, 9},
      {",groups,density", "c,9,9,3,1,6,4,3,2,0.5", 3, 3, 2, 9},
      {",density", "c,5,5,5,5,2,2,1,0", 1, 1, 1, 50},
  };
  for (const Row& row : rows) {
    const Layer layer = only_layer(std::string(kConvHeader) + row.columns, row.row);
    EXPECT_EQ(layer.out.height, row.out_h) << row.row;
    EXPECT_EQ(layer.out.width, row.out_w) << row.row;
    EXPECT_EQ(layer.groups, row.groups) << row.row;
    EXPECT_EQ(layer.k(), row.k) << row.row;
  }
}

TEST(Workload, GivenScaleSimsFormThenTheOutputSideIsRoundedUpByPaddingBottomAndRight) {
  const Layer layer = only_layer(kScalesimHeader, "Conv1, 224, 223, 7, 7, 3, 64, 2,");
  EXPECT_EQ(layer.out, (MapShape{110, 109, 64}));  // ceil(219 / 2), ceil(218 / 2)
  EXPECT_EQ(layer.window.pad_top, 0);
  EXPECT_EQ(layer.window.pad_left, 0);
  EXPECT_EQ(layer.window.pad_bottom, 1);
  EXPECT_EQ(layer.window.pad_right, 0);
}

TEST(Workload, GivenAnyScaleSimRowThenOutputFollowsItsFormulaAndOurOwn) {
  for (std::int64_t in = 1; in <= 12; ++in) {
    for (std::int64_t kernel = 1; kernel <= in; ++kernel) {
      for (std::int64_t stride = 1; stride <= 5; ++stride) {
        const std::string row = "c," + std::to_string(in) + "," + std::to_string(in) + "," +
                                std::to_string(kernel) + "," + std::to_string(kernel) + ",1,1," +
                                std::to_string(stride) + ",";
        const Layer layer = only_layer(kScalesimHeader, row);
        EXPECT_EQ(layer.out.height, (in - kernel + stride + stride - 1) / stride) << row;
        const std::int64_t padded = in + layer.window.pad_bottom;
        EXPECT_EQ(layer.out.height, (padded - kernel) / stride + 1) << row;
        EXPECT_LT(layer.window.pad_bottom, stride) << row;
      }
    }
  }
}

// M, N, K as SCALE-Sim v3 states them for its ResNet-18 topology.
TEST(Workload, GivenTheShippedScaleSimResNet18ThenSizesAreScaleSims) {
  struct Gemm {
    std::int64_t m, n, k;
  };
  const std::vector<std::pair<std::string, Gemm>> wanted = {
      {"Conv1", {12100, 64, 147}},    {"Conv2_1a", {2916, 64, 576}},
      {"Conv2_1b", {2916, 64, 576}},  {"Conv2_2a", {2916, 64, 576}},
      {"Conv2_2b", {2916, 64, 576}},  {"Conv3_1a", {784, 128, 576}},
      {"Conv3_1b", {676, 128, 1152}}, {"Conv3_s", {841, 128, 64}},
      {"Conv3_2a", {676, 128, 1152}}, {"Conv3_2b", {676, 128, 1152}},
      {"Conv4_1a", {196, 256, 1152}}, {"Conv4_1b", {144, 256, 2304}},
      {"Conv4_s", {225, 256, 128}},   {"Conv4_2a", {144, 256, 2304}},
      {"Conv4_2b", {144, 256, 2304}}, {"Conv5_1a", {49, 512, 2304}},
      {"Conv5_1b", {25, 512, 4608}},  {"Conv5_s", {64, 512, 256}},
      {"Conv5_2a", {25, 512, 4608}},  {"Conv5_2b", {25, 512, 4608}},
      {"FC", {1, 1000, 512}},
  };
  const Workload workload = load_workload(LACUNA_SOURCE_DIR "/traces/resnet18_scalesim.csv");
  ASSERT_EQ(workload.layers.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Layer& layer = workload.layers[i].layer;
    EXPECT_EQ(layer.name, wanted[i].first);
    EXPECT_EQ(layer.m(), wanted[i].second.m) << layer.name;
    EXPECT_EQ(layer.n(), wanted[i].second.n) << layer.name;
    EXPECT_EQ(layer.k(), wanted[i].second.k) << layer.name;
  }
}

TEST(Workload, GivenTheShippedResNet18ThenEveryLayerFitsTheOneThatItReads) {
  const Workload workload = load_workload(LACUNA_SOURCE_DIR "/traces/resnet18.csv");
  ASSERT_EQ(workload.layers.size(), 21U);
  std::map<std::string, MapShape> out;
  std::int64_t macs = 0;
  for (const WorkloadLayer& entry : workload.layers) {
    const Layer& layer = entry.layer;
    out[layer.name] = layer.out;
    macs += layer.m() * layer.n() * layer.k() * layer.groups;
  }
  EXPECT_EQ(out["Conv1"], (MapShape{112, 112, 64}));
  EXPECT_EQ(out["Conv2_2b"], (MapShape{56, 56, 64}));
  EXPECT_EQ(out["Conv3_1a"], out["Conv3_s"]);
  EXPECT_EQ(out["Conv4_2b"], (MapShape{14, 14, 256}));
  EXPECT_EQ(out["Conv5_1b"], out["Conv5_s"]);
  EXPECT_EQ(out["FC"], (MapShape{1, 1, 1000}));
  EXPECT_EQ(macs, 1814073344);  // the 1.8 GMAC of ResNet-18 on 224 x 224
}

TEST(Workload, GivenTheOtherShippedTracesThenTheyLoad) {
  EXPECT_EQ(load_workload(LACUNA_SOURCE_DIR "/traces/lenet5.csv").layers.size(), 5U);
  EXPECT_GE(load_workload(LACUNA_SOURCE_DIR "/traces/gemm_small.csv").layers.size(), 4U);
}

}  // namespace
}  // namespace lacuna::network::test

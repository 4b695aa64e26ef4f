// The layer lists of traces/ that traces/make writes, as the program reads them, against published
// figures of the networks: multiply-accumulates of an input, weights, layers.
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <string>

#include "network/workload.hpp"

namespace lacuna::network::test {
namespace {

struct PublishedList {
  const char* file;
  std::size_t layers;
  double macs;     ///< published
  double in_last;  ///< half of one in the last digit of `macs`
  std::int64_t weights;
};

std::ostream& operator<<(std::ostream& out, const PublishedList& list) { return out << list.file; }

class PublishedLists : public testing::TestWithParam<PublishedList> {};

TEST_P(PublishedLists, GivenAFileThenItAddsUpToWhatIsPublished) {
  const PublishedList& list = GetParam();
  const Workload workload =
      load_workload(std::string(LACUNA_SOURCE_DIR "/traces/") + list.file + ".csv");
  std::int64_t macs = 0;
  std::int64_t weights = 0;
  for (const WorkloadLayer& own : workload.layers) {
    const Layer& layer = own.layer;
    EXPECT_EQ(own.density, 1.0) << layer.name;
    macs += layer.m() * layer.out.channels * layer.k();
    // Scores and what they weigh are products of two maps.
    const bool of_maps = layer.name.find("scores") != std::string::npos ||
                         layer.name.find("weighed") != std::string::npos;
    if (!of_maps) weights += layer.out.channels * layer.k();
  }
  EXPECT_EQ(workload.layers.size(), list.layers);
  EXPECT_LE(std::abs(static_cast<double>(macs) - list.macs), list.in_last) << macs;
  EXPECT_EQ(weights, list.weights);
}

constexpr double kMega = 1e6;
constexpr double kGiga = 1e9;
// MACs: torchvision's tables for ResNet-50, MobileNetV2, VGG-16 and ViT-B/16; of YOLOv3-tiny 5.56
// billion operations (its authors' page) and of GPT-2 291,648,307,200 (nanoGPT's count), two a MAC.
// Nobody whom we know of states them for U-Net, BERT and the products at these sizes: there they
// are worked out by hand, a transformer's layer of width d, hidden h and t tokens as t (4 d^2 + 2 d
// h) + 2 t^2 d. Weights: the published parameters less what is none, biases, normalisations and
// embeddings.
INSTANTIATE_TEST_SUITE_P(
    Traces, PublishedLists,
    testing::Values(
        PublishedList{"resnet50", 54, 4.09 * kGiga, 0.005 * kGiga, 25'557'032 - 2 * 26'560 - 1'000},
        PublishedList{"mobilenet_v2", 53, 301 * kMega, 0.5 * kMega, 3'504'872 - 2 * 17'056 - 1'000},
        PublishedList{"vgg16", 16, 15.47 * kGiga, 0.005 * kGiga, 138'357'544 - 4'224 - 9'192},
        PublishedList{"yolov3_tiny", 13, 5.56 * kGiga / 2, 0.005 * kGiga,
                      8'858'734 - 4 * 3'184 - 510},
        PublishedList{"unet", 23, 150'428'424'448.0, 0,
                      31'030'593 + 64 - 6'849},  // of one class more
        PublishedList{"vit_b16", 362, 17.56 * kGiga, 0.005 * kGiga,
                      86'567'656 - 768 - 197 * 768 - 25 * 2 * 768 - 12 * 9 * 768 - 768 - 1'000},
        PublishedList{"gpt2", 361, 291'648'307'200.0 / 2, 0,
                      124'439'808 - 1024 * 768 - 12 * 13 * 768 - 2 * 768},
        PublishedList{"bert_base", 360,
                      12 * (384.0 * (4 * 768 * 768 + 2 * 768 * 3072) + 2.0 * 384 * 384 * 768), 0,
                      85'054'464 - 12 * 13 * 768},
        PublishedList{"bert_large_layer", 38,
                      384.0 * (4 * 1024 * 1024 + 2 * 1024 * 4096) + 2.0 * 384 * 384 * 1024, 0,
                      12'596'224 - 13 * 1024},
        PublishedList{"bert_ffn", 1, 384.0 * 3072 * 768, 0, 3072 * 768},
        PublishedList{"gpt3_product", 1, 2048.0 * 12288 * 49152, 0, 12288 * 49152}),
    [](const testing::TestParamInfo<PublishedList>& list) { return list.param.file; });

}  // namespace
}  // namespace lacuna::network::test

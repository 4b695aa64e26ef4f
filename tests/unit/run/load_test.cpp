#include "run/load.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "network/onnx_import.hpp"
#include "network/outputs.hpp"
#include "run/run_record.hpp"
#include "run/simulate.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna::run {
namespace {

using lacuna::test::message_of;

const std::string kSource = LACUNA_SOURCE_DIR;
const std::string kMachine = kSource + "/hw_configs/edge_16x16.yaml";
const std::string kModel = kSource + "/models/lenet5_as";

JobFiles lenet(std::int64_t images) {
  JobFiles files;
  files.machine = kMachine;
  files.model = kModel;
  files.images = images;
  return files;
}

TEST(LoadJob, GivenAModelThenTheJobIsWhatOneBuildsByHandAndKnowsWhereItCameFrom) {
  JobFiles files = lenet(3);
  files.batch = 2;
  files.set = {{"array.rows", "8"}};
  const Job job = load_job(files);

  const network::DataSet data = network::load_test_set(network::kDefaultDataDir);
  const network::Network network = network::import_onnx(network::find_model(kModel));
  ASSERT_EQ(job.parts.size(), 1U);
  ASSERT_EQ(job.parts.front().images.size(), 3U);
  for (std::int64_t image = 0; image < 3; ++image) {
    const auto at = static_cast<std::size_t>(image);
    EXPECT_EQ(job.parts.front().images[at], network::quantise_pixels(data, image, network));
    EXPECT_EQ(job.source.labels[at], data.labels[at]);
  }
  EXPECT_EQ(job.spec.array.rows, 8);
  EXPECT_EQ(job.parts.front().schedule->batch, 2);
  ASSERT_TRUE(job.parts.front().remainder);
  EXPECT_EQ(job.parts.front().remainder->batch, 1);
  EXPECT_EQ(job.source.network, network.name);
  EXPECT_EQ(job.source.network_sha256, network.sha256);
  EXPECT_EQ(job.source.data_sha256, data.images_sha256);
  EXPECT_FALSE(job.source.workload);

  const RunRecord record =
      make_record(job, EngineKind::kFast, simulate(job, EngineKind::kFast), {});
  EXPECT_EQ(record.network, network.name);
  EXPECT_EQ(record.network_sha256, network.sha256);
  EXPECT_EQ(record.data_sha256, data.images_sha256);
  EXPECT_EQ(record.hardware_sha256, job.spec.sha256);
  EXPECT_EQ(record.labels, job.source.labels);
  EXPECT_EQ(record.images, 3);
  std::int64_t right = 0;
  for (std::size_t i = 0; i < record.labels.size(); ++i) {
    const auto first = static_cast<std::int64_t>(i) * network.output_values();
    right += network::top1(network, record.logits.data() + first) == record.labels[i] ? 1 : 0;
  }
  EXPECT_EQ(record.correct(), right);
}

TEST(LoadJob, GivenAWorkloadThenItsRecordCountsOneImage) {
  JobFiles files;
  files.machine = kMachine;
  files.workload = kSource + "/traces/gemm_small.csv";
  files.batch = 2;
  files.seed = 5;
  const Job job = load_job(files);
  EXPECT_TRUE(job.source.workload);
  EXPECT_EQ(job.source.seed, 5U);
  EXPECT_EQ(job.source.network, "gemm_small");
  EXPECT_EQ(job.source.data_sha256, "");
  const RunRecord record =
      make_record(job, EngineKind::kFast, simulate(job, EngineKind::kFast), {});
  EXPECT_TRUE(record.workload);
  EXPECT_EQ(record.images, 1);
  EXPECT_EQ(record.batch, 2);
  EXPECT_EQ(record.seed, 5U);
}

TEST(LoadJob, GivenNoNumberOfImagesThenTenAreTaken) {
  JobFiles files = lenet(0);
  files.images.reset();
  EXPECT_EQ(load_job(files).source.labels.size(), 10U);
}

TEST(LoadJob, GivenWhatDoesNotFitTogetherThenItSaysSo) {
  JobFiles both = lenet(1);
  both.workload = kSource + "/traces/gemm_small.csv";
  EXPECT_EQ(message_of<base::InputError>([&] { load_job(both); }),
            "model, workload: both are given; exactly one is required");
  JobFiles neither;
  neither.machine = kMachine;
  EXPECT_EQ(message_of<base::InputError>([&] { load_job(neither); }),
            "model, workload: both are missing; exactly one is required");
  for (const std::int64_t images : {-1, 0, 10'001}) {
    EXPECT_EQ(message_of<base::InputError>([&] { load_job(lenet(images)); }),
              "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz: images: '" +
                  std::to_string(images) +
                  "' cannot be used; an integer from 1 to 10000 is allowed");
  }
  JobFiles batch = lenet(1);
  batch.batch = 0;
  EXPECT_EQ(message_of<base::InputError>([&] { load_job(batch); }),
            "batch: '0' cannot be used; an integer from 1 to 4096 is allowed");
}

TEST(LoadModel, GivenOneModelThenItServesSeveralMachines) {
  const network::DataSet data = network::load_test_set(network::kDefaultDataDir);
  const Model model = load_model(kModel, data, 2);
  for (const char* machine : {"/hw_configs/edge_16x16.yaml", "/hw_configs/tiny_8x8.yaml"}) {
    const arch::AcceleratorSpec spec = arch::load_spec(kSource + machine);
    const Job job = model_job(spec, model, 1);
    EXPECT_EQ(job.source.labels, model.labels) << machine;
    EXPECT_EQ(job.source.data_sha256, data.images_sha256);
    EXPECT_EQ(job.parts.front().images, model.images);
  }
}

TEST(LoadModels, GivenCardsThatDescribeRawFilesThenEachModelReadsItsOwn) {
  const lacuna::test::TempFolder folder;
  const std::string image(784, '\x40');
  folder.write("raw", "head" + image + image);
  const auto model = [&](const std::string& name, const std::string& card) {
    std::filesystem::copy(kSource + "/models/lenet5_as", name);
    folder.write(name + "/card.yaml", card);
    return name;
  };
  const std::string tall = model("tall", "input: {raw: {shape: [28, 28], skip: 4}}");
  const std::string flat = model("flat", "input: {raw: {shape: [1, 784], skip: 788}}");
  const std::vector<Model> models = load_models({tall, flat}, "raw", 1);
  EXPECT_EQ(models[0].images, models[1].images);
  EXPECT_TRUE(models[0].labels.empty());
  EXPECT_NE(models[0].card.text, models[1].card.text);
  EXPECT_EQ(load_models({tall}, "raw", {}).front().images.size(), 2U);
  EXPECT_THROW(load_models({flat}, "raw", 2), base::InputError);
}

TEST(LoadFaults, GivenAMapOrAPlanThenTheFaultsAndTheHashAreThoseOfTheFile) {
  const Job job = load_job(lenet(1));
  const lacuna::test::TempFolder folder;
  const std::string map = "memory,bank,row,bit,kind\nweight_sram,0,1,2,stuck_at_1\n";
  const std::string rules =
      "faults:\n  - where:\n      memory: weight_sram\n      layer: conv1\n      index: [0, 0, 0, "
      "0]\n"
      "      bit: 3\n    what: flip\n";
  folder.write("m.csv", map);
  folder.write("p.yaml", rules);
  const fault::FaultPlan of_map = load_faults("m.csv", job);
  ASSERT_EQ(of_map.faults.size(), 1U);
  EXPECT_EQ(of_map.faults.front().kind, memory::FaultKind::kStuckAt1);
  EXPECT_EQ(of_map.sha256, base::sha256_hex(map));
  const fault::FaultPlan of_rules = load_faults("p.yaml", job);
  ASSERT_EQ(of_rules.faults.size(), 1U);
  EXPECT_EQ(of_rules.sha256, base::sha256_hex(rules));
  EXPECT_EQ(of_rules.origin, "p.yaml");
}

}  // namespace
}  // namespace lacuna::run

// What faults do to outputs, by hand: agreement, RMSE and SQNR against the fault-free run, and what
// becomes of them where they are not defined or not finite.
#include "run/output_change.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "fault/sampler.hpp"
#include "run/figures.hpp"
#include "run/load.hpp"
#include "run/repeated_run.hpp"
#include "run/simulate.hpp"

namespace lacuna::run {
namespace {

using Integers = std::vector<std::int32_t>;

network::Output output_of(int layer, std::vector<float> scale) {
  network::Output output;
  output.name = "out" + std::to_string(layer);
  output.layer = layer;
  output.scale = std::move(scale);
  return output;
}

/// Layer i gives output i, of shape i; a step is worth `scale`.
network::Network network_of(const std::vector<network::MapShape>& shapes, float scale) {
  network::Network network;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    network::Layer layer;
    layer.out = shapes[i];
    network.layers.push_back(layer);
    network.outputs.push_back(output_of(static_cast<int>(i), {scale}));
  }
  return network;
}

network::Network classifier(float scale = 0.5F) { return network_of({{1, 1, 3}}, scale); }

FigureValue figure(const char* key, const OutputChange& change) {
  RunRecord record;
  record.change = change;
  return figure_of(key).value(whole_run(record));
}

TEST(OutputChange, GivenAClassifierThenAgreementRmseAndSqnrAreThoseComputedByHand) {
  const network::Network network = classifier();
  // Values 1 2 3, 4 0 0, 2 2 2 (of equals the first).
  const Integers before = {2, 4, 6, 8, 0, 0, 4, 4, 4};
  const FaultFree fault_free(network, before);
  EXPECT_EQ(fault_free.top1(), (std::vector<int>{2, 0, 0}));
  // As it was; another class by 0 -> 4.5 and back by 1 step; 2 -> 3 with the same class.
  const OutputChange change = fault_free.compare({2, 4, 6, 7, 0, 9, 6, 4, 4});
  EXPECT_EQ(change.images, (std::vector<ImageChange>{ImageChange::kMasked, ImageChange::kSdc,
                                                     ImageChange::kBenign}));
  EXPECT_EQ(change.top1, (std::vector<int>{2, 2, 0}));
  const double error = 0.5 * 0.5 + 4.5 * 4.5 + 1;    // 21.5
  const double signal = 1 + 4 + 9 + 16 + 4 + 4 + 4;  // 42
  EXPECT_EQ(figure("agreement", change), FigureValue(2.0 / 3));
  EXPECT_EQ(figure("rmse", change), FigureValue(std::sqrt(error / 9)));
  EXPECT_NEAR(std::get<double>(figure("sqnr_db", change)), 10 * std::log10(signal / error), 1e-12);
  EXPECT_DOUBLE_EQ(fault_free.rms(), std::sqrt(signal / 9));
}

TEST(OutputChange, GivenSixClassesThenAnAnswerOutsideTheFirstFiveIsSdc5) {
  const network::Network network = network_of({{1, 1, 6}}, 0.5F);
  const Integers before = {9, 1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9};
  // Fourth; sixth; of equals the lower number comes first, so the first is fifth at the latest, and
  // the last one is the sixth.
  const OutputChange change =
      FaultFree(network, before).compare({4, 5, 6, 7, 1, 1, 0, 5, 6, 7, 1, 1,
                                          4, 5, 6, 7, 8, 4, 4, 5, 6, 7, 8, 4});
  EXPECT_EQ(change.sdc, 4);
  EXPECT_EQ(change.outside_top5, (std::vector<bool>{false, true, false, true}));
  // Of five classes none can be outside.
  const network::Network few = network_of({{1, 1, 5}}, 0.5F);
  const Integers five = {9, 1, 1, 1, 1};
  EXPECT_TRUE(FaultFree(few, five).compare({0, 1, 1, 1, 1}).outside_top5.empty());
}

TEST(OutputChange, GivenMoreNoiseThanSignalThenDecibelsAreNegative) {
  const network::Network network = classifier(1);
  const Integers before = {1, 0, 0};
  const OutputChange change = FaultFree(network, before).compare({11, 0, 0});
  EXPECT_NEAR(std::get<double>(figure("sqnr_db", change)), -20, 1e-12);
}

TEST(OutputChange, GivenNothingThatDiffersThenTheErrorIs0AndThereAreNoDecibels) {
  const network::Network network = classifier();
  const Integers before = {2, 4, 6};
  const OutputChange change = FaultFree(network, before).compare(before);
  EXPECT_EQ(figure("agreement", change), FigureValue(1.0));
  EXPECT_EQ(figure("rmse", change), FigureValue(0.0));
  EXPECT_EQ(figure("sqnr_db", change), FigureValue());
}

TEST(OutputChange, GivenFaultFreeValuesThatAreAll0ThenThereAreNoDecibels) {
  const network::Network network = classifier(1);
  const Integers before = {0, 0, 0};
  const OutputChange change = FaultFree(network, before).compare({3, 0, 0});
  EXPECT_EQ(figure("rmse", change), FigureValue(std::sqrt(3.0)));
  EXPECT_EQ(figure("sqnr_db", change), FigureValue());
}

TEST(OutputChange, GivenValuesThatBecomeInfiniteThenNoFigureIs) {
  const network::Network network = classifier(1e38F);
  // 1e38 becomes infinite; what was infinite before and is it still does not differ.
  const Integers before = {1, 100, 0};
  const FaultFree fault_free(network, before);
  EXPECT_DOUBLE_EQ(fault_free.rms(), double{1e38F} / std::sqrt(3.0));
  const OutputChange worse = fault_free.compare({100, 100, 0});
  EXPECT_EQ(worse.all().rmse(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(figure("rmse", worse), FigureValue());
  EXPECT_EQ(figure("sqnr_db", worse), FigureValue());
  const OutputChange same = fault_free.compare({1, 200, 0});
  EXPECT_EQ(same.images.front(), ImageChange::kBenign) << "another sum, the same value";
  EXPECT_EQ(figure("rmse", same), FigureValue(0.0));
}

TEST(OutputChange, GivenMapsThenThereIsNoAgreementAndAnyValueThatDiffersIsSdc) {
  network::Network network = network_of({{2, 1, 2}}, 1);
  network::Output& output = network.outputs.front();
  output.quantised = true;  // to steps of 4
  output.code = tensor::unsigned_code(8);
  output.bounds = tensor::bounds_of(output.code);
  output.code_scale = 4;
  output.code_factor = {0.25F};
  const Integers before = {8, 12, 16, 20, 8, 12, 16, 20};
  const FaultFree fault_free(network, before);
  EXPECT_FALSE(fault_free.classes());
  const OutputChange change = fault_free.compare({9, 12, 16, 20, 8, 12, 16, 24});
  EXPECT_EQ(change.images, (std::vector<ImageChange>{ImageChange::kBenign, ImageChange::kSdc}));
  EXPECT_TRUE(change.top1.empty());
  EXPECT_EQ(figure("agreement", change), FigureValue());
  EXPECT_EQ(figure("rmse", change), FigureValue(std::sqrt(16.0 / 8)));
  EXPECT_EQ(change.image_rmse, (std::vector<double>{0, std::sqrt(16.0 / 4)}));
}

TEST(OutputChange, GivenSeveralOutputsThenEachHasItsOwnErrorAndTheFirstVectorIsTheClass) {
  network::Network network = network_of({{1, 2, 1}, {1, 1, 2}, {1, 1, 2}}, 1);
  network.outputs[1].scale = {0.5F, 2.0F};
  //                        map   classes another
  const Integers before = {1, 2, 8, 1, 5, 6};
  const FaultFree fault_free(network, before);
  EXPECT_EQ(fault_free.top1(), std::vector<int>{0});
  const OutputChange change = fault_free.compare({4, 2, 8, 1, 9, 6});
  EXPECT_EQ(change.images.front(), ImageChange::kBenign) << "top-1 is the same";
  EXPECT_EQ(change.outputs[0].rmse(), std::sqrt(9.0 / 2));
  EXPECT_EQ(change.outputs[1].rmse(), 0);
  EXPECT_EQ(change.outputs[2].rmse(), std::sqrt(16.0 / 2));
  EXPECT_EQ(change.all().rmse(), std::sqrt(25.0 / 6));
  EXPECT_EQ(change.outputs[1].rms(), std::sqrt((16.0 + 4) / 2));
  EXPECT_EQ(fault_free.compare({1, 2, 8, 3, 5, 6}).images.front(), ImageChange::kSdc);
}

TEST(OutputChange, WhenEitherEngineOrTheShortcutsOfCampaignsComputeThenTheFiguresAreTheSame) {
  JobFiles files;
  files.machine = LACUNA_SOURCE_DIR "/hw_configs/tiny_8x8.yaml";
  files.model = LACUNA_SOURCE_DIR "/models/lenet5_as";
  files.images = 3;
  files.batch = 2;
  Job job = load_job(files);
  job.plan = fault::sample_map(weight_sram(job), 5e-4, 7, memory::FaultKind::kFlip);
  const Integers before = fault_free_logits(job);
  const RepeatedRun repeated(job);
  EXPECT_EQ(before, repeated.golden().logits);
  std::vector<RunRecord> records;
  for (const EngineKind kind : {EngineKind::kFast, EngineKind::kSystemc}) {
    records.push_back(make_record(job, kind, simulate(job, kind), {}));
    EXPECT_EQ(figure_of("rmse").value(whole_run(records.back())), FigureValue())
        << "nothing is known before it is compared";
    add_change(records.back(), job, before);
  }
  const OutputChange shortcut =
      FaultFree(job.parts.front().network, before).compare(repeated.run(job.plan).logits);
  for (const char* key : {"agreement", "rmse", "sqnr_db"}) {
    const FigureValue value = figure_of(key).value(whole_run(records[0]));
    EXPECT_EQ(value, figure_of(key).value(whole_run(records[1]))) << key;
    EXPECT_EQ(value, figure(key, shortcut)) << key;
  }
  EXPECT_GT(std::get<double>(figure_of("rmse").value(whole_run(records[0]))), 0);
}

}  // namespace
}  // namespace lacuna::run

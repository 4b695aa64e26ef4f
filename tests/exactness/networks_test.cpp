// The shipped networks on every shipped machine: the SystemC engine's logits are those of an
// evaluation that reads the .onnx by itself, without faults and with stuck cells.
// LACUNA_FULL=1 takes more images and cells.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "exactness/reference_run.hpp"
#include "fault/sampler.hpp"
#include "network/data/feeder.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"
#include "reference/naive_network.hpp"
#include "run/simulate.hpp"
#include "schedule/residency.hpp"
#include "tensor/encoding.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna {
namespace {

const std::filesystem::path kRoot = LACUNA_SOURCE_DIR;
constexpr auto kEngine = run::EngineKind::kSystemc;

bool full() { return std::getenv("LACUNA_FULL") != nullptr; }
bool light() { return std::getenv("LACUNA_LIGHT") != nullptr; }

std::string read(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// Other training seeds of a network have its layers; they are left to the full suite. So are, from
/// runs under the sanitizers, other ways of training.
bool is_left_out(const std::string& name) {
  if (full()) return false;
  const bool other_seed = name.size() > 3 && name[name.size() - 3] == '_' &&
                          name[name.size() - 2] == 's' && name.back() > '1';
  return other_seed || (light() && name.find("_saq") != std::string::npos);
}

std::vector<std::filesystem::path> models() {
  std::vector<std::filesystem::path> found;
  for (const auto& folder : std::filesystem::directory_iterator(kRoot / "models")) {
    if (!std::filesystem::exists(folder.path() / "card.yaml")) continue;
    if (is_left_out(folder.path().filename().string())) continue;
    found.emplace_back(network::find_model(folder.path().string()));
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::filesystem::path> machines() {
  std::vector<std::filesystem::path> found;
  for (const auto& file : std::filesystem::directory_iterator(kRoot / "hw_configs")) {
    if (file.path().extension() == ".yaml") found.push_back(file.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Those that a model is run on: all, and under the sanitizers so many that each model has a
/// machine and each machine a model.
std::vector<std::filesystem::path> machines_of(const std::filesystem::path& model) {
  const auto all = machines();
  if (!light()) return all;
  const auto others = models();
  const auto own =
      static_cast<std::size_t>(std::find(others.begin(), others.end(), model) - others.begin());
  const std::size_t turn = std::min(others.size(), all.size());
  std::vector<std::filesystem::path> chosen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % turn == own % turn) chosen.push_back(all[i]);
  }
  return chosen;
}

const network::DataSet& data() {
  static const network::DataSet set = network::load_test_set(network::kDefaultDataDir);
  return set;
}

std::vector<std::uint8_t> pixels(std::int64_t image) {
  const std::int64_t size = data().sizes[0] * data().sizes[1];
  const auto first = data().pixels.begin() + image * size;
  return {first, first + size};
}

/// A shipped machine, as wide as the network needs it.
arch::AcceleratorSpec machine_for(const std::filesystem::path& machine,
                                  const std::filesystem::path& model) {
  arch::AcceleratorSpec spec = arch::load_spec(machine.string());
  const network::Network network = network::import_onnx(model.string());
  spec.precision.weight_bits = std::max(spec.precision.weight_bits, network.weight_bits());
  spec.precision.activation_bits =
      std::max(spec.precision.activation_bits, network.activation_bits());
  return spec;
}

run::Job job_of(const arch::AcceleratorSpec& spec, const std::filesystem::path& model,
                const std::vector<std::int64_t>& images, std::int64_t batch) {
  network::Network network = network::import_onnx(model.string());
  std::vector<std::vector<std::uint8_t>> codes;
  for (const std::int64_t image : images) {
    codes.push_back(network::quantise_pixels(data(), image, network));
  }
  return run::model_job(spec, std::move(network), std::move(codes), batch);
}

TEST(ShippedNetworks, GivenEveryMachineThenLogitsAreThoseOfTheFile) {
  ASSERT_GE(models().size(), 2U);
  ASSERT_GE(machines().size(), 5U);
  std::vector<std::int64_t> images;
  for (std::int64_t i = 0; i < (full() ? 100 : 7); ++i) images.push_back(i * 97);
  for (const auto& model : models()) {
    const std::string bytes = read(model);
    std::vector<std::int32_t> expected;
    for (const std::int64_t image : images) {
      const auto logits = reference::evaluate_onnx(bytes, pixels(image)).logits;
      expected.insert(expected.end(), logits.begin(), logits.end());
    }
    for (const auto& machine : machines_of(model)) {
      for (const std::int64_t batch : {1, 4}) {  // 4 leaves a smaller last batch
        SCOPED_TRACE(model.filename().string() + " on " + machine.filename().string());
        const auto spec = machine_for(machine, model);
        const auto measured = run::simulate(job_of(spec, model, images, batch), kEngine);
        EXPECT_EQ(measured.logits, expected);
        for (const measure::LayerCounters& layer : measured.layers) {
          EXPECT_EQ(layer.cycles.idle.value, 0);
        }
      }
    }
  }
}

// A ResNet-8 of width 4 for images of 16 x 16: a block with an identity and two with a projection,
// global average pooling, 10 classes; one block has a thresholded ReLU. Weights are random.
std::string residual_model(int bits) {
  using network::test::ModelBuilder;
  ModelBuilder b(bits, bits, 8);
  const auto conv = [](std::int64_t out, std::int64_t kernel, std::int64_t stride) {
    network::test::ConvSpec spec;
    spec.out = out;
    spec.kernel_h = spec.kernel_w = kernel;
    spec.stride_h = spec.stride_w = stride;
    spec.pads.fill(kernel / 2);
    spec.per_channel = true;
    return spec;
  };
  float scale = 1.0F / static_cast<float>((1 << bits) - 1);
  b.image(1, 16, 16, scale);
  b.conv("stem", conv(4, 3, 1)).relu("stem_relu").quantise("stem_act", scale *= 2);
  for (const std::int64_t width : {4, 8, 16}) {
    const std::string block = "block" + std::to_string(width);
    const std::int64_t stride = width == 4 ? 1 : 2;
    const ModelBuilder::Mark input = b.mark();
    ModelBuilder::Mark shortcut = input;
    if (stride == 2) {
      b.conv(block + "_p", conv(width, 1, 2)).relu(block + "_rp").quantise(block + "_ap", scale);
      shortcut = b.mark();
    }
    b.go_on_from(input).conv(block + "_a", conv(width, 3, stride)).relu(block + "_ra");
    b.quantise(block + "_aa", scale *= 2.3F).conv(block + "_b", conv(width, 3, 1));
    b.add_residual(block + "_sum", shortcut);
    if (width == 8) {
      b.thresholded_relu(block + "_rb", 1.5F * scale);
    } else {
      b.relu(block + "_rb");
    }
    b.quantise(block + "_ab", scale *= 1.7F);
  }
  network::test::GemmSpec last;
  last.out = 10;
  b.global_average_pool("mean").quantise("mean_act", scale / 2).flatten("flat").gemm("fc", last);
  return b.output().bytes();
}

TEST(ResidualNetworks, GivenEveryMachineThenLogitsAreThoseOfTheFile) {
  constexpr int kImages = 5;
  std::mt19937 random(11);
  for (const int bits : {4, 8}) {
    const std::string bytes = residual_model(bits);
    const network::Network network = network::import_onnx_bytes(bytes, "resnet8.onnx");
    ASSERT_EQ(network.layers.size(), 11U);
    network::DataSet images;
    images.sizes = {16, 16};
    images.images = kImages;
    std::vector<std::int32_t> expected;
    std::vector<std::vector<std::uint8_t>> codes;
    for (int image = 0; image < kImages; ++image) {
      std::vector<std::uint8_t> pixels;
      for (int i = 0; i < 256; ++i) {
        pixels.push_back(random() % 3 == 0 ? 0 : static_cast<std::uint8_t>(random() % 256));
      }
      const auto logits = reference::evaluate_onnx(bytes, pixels).logits;
      expected.insert(expected.end(), logits.begin(), logits.end());
      images.pixels.insert(images.pixels.end(), pixels.begin(), pixels.end());
    }
    for (int i = 0; i < kImages; ++i) codes.push_back(network::quantise_pixels(images, i, network));
    EXPECT_GT(std::set<std::int32_t>(expected.begin(), expected.end()).size(), 40U);
    int spills = 0;
    for (const auto& machine : machines()) {
      arch::AcceleratorSpec spec = arch::load_spec(machine.string());
      if (bits > spec.precision.activation_bits) continue;
      for (const std::int64_t batch : {1, 2}) {
        // As shipped, and with less room than the largest block needs: 4 x 256 values a map.
        for (const bool tight : {false, true}) {
          SCOPED_TRACE(machine.filename().string() + (tight ? ", tight" : ""));
          if (tight) {
            const int values = arch::AcceleratorSpec::values_per_word(
                spec.activation_sram.word_bits, spec.precision.activation_bits);
            spec.activation_sram.capacity_bytes =
                batch * 2'300 / values * spec.activation_sram.word_bits / 8;
          }
          const run::Job job = run::model_job(spec, network, codes, batch);
          for (const schedule::Step& step : job.parts.front().schedule->steps) {
            spills += step.kind == schedule::StepKind::kStoreActivations ? 1 : 0;
          }
          EXPECT_EQ(run::simulate(job, run::EngineKind::kFast).logits, expected);
          if (batch > 1 && !full()) continue;
          EXPECT_EQ(run::simulate(job, kEngine).logits, expected);
        }
      }
    }
    EXPECT_GT(spills, 0);
  }
}

TEST(ShippedNetworks, GivenARandomMapOnEveryMachineThenLogitsAreThoseOfTheWeightsAsRead) {
  const std::vector<std::int64_t> images{11, 12};
  for (const auto& model : models()) {
    // The images' codes and what becomes of them are the same on every machine.
    const run::Job any = job_of(machine_for(machines().front(), model), model, images, 2);
    const auto fault_free =
        reference::evaluate(any.parts.front().network, any.parts.front().images).last;
    for (const auto& machine : machines_of(model)) {
      SCOPED_TRACE(model.filename().string() + " on " + machine.filename().string());
      const auto spec = machine_for(machine, model);
      for (const auto kind : {memory::FaultKind::kFlip, memory::FaultKind::kStuckAt1}) {
        run::Job job = job_of(spec, model, images, 2);
        job.plan = fault::sample_map(run::weight_sram(job), 2e-3, 5, kind);
        const run::Part& part = job.parts.front();
        const auto loads =
            reference::read_with_faults(*part.schedule, part.network, spec, job.plan);
        const auto values =
            reference::evaluate_faulty(part.network, part.images, *part.schedule, loads);
        const auto measured = run::simulate(job, kEngine);
        EXPECT_EQ(measured.logits, values.last);
        EXPECT_NE(values.last, fault_free);
        for (std::size_t f = 0; f < measured.faults.size(); ++f) {
          ASSERT_EQ(measured.faults[f].reads_changed, loads.outcomes[f].reads_changed);
        }
      }
    }
  }
}

TEST(ShippedNetworks, GivenATinyWeightSramThenWeightsAreFetchedAgainForEveryBatch) {
  for (const auto& model : models()) {
    const auto spec = machine_for(kRoot / "hw_configs/tiny_8x8.yaml", model);
    for (const std::int64_t batches : {1, 3}) {
      std::vector<std::int64_t> images;
      for (std::int64_t i = 0; i < batches; ++i) images.push_back(i);
      const run::Job job = job_of(spec, model, images, 1);
      const auto measured = run::simulate(job, kEngine);
      EXPECT_EQ(measured.setup.value, 0);
      std::int64_t written = 0;
      for (const measure::LayerCounters& layer : measured.layers)
        written += layer.weight_sram.writes;
      // Neither network's weights fit into 8,192 places or fewer: each passes through for each
      // batch.
      const bool residual = model.filename().string().rfind("resnet8", 0) == 0;
      const std::int64_t weights =
          residual ? 72 + 2 * 576 + (128 + 1'152 + 2'304) + (512 + 4'608 + 9'216) + 320
                   : 150 + 2'400 + 48'000 + 10'080 + 840;
      EXPECT_EQ(written, batches * weights) << model.filename().string();
    }
  }
}

// Which PE load brought the weights that a stream multiplies with.
class PeLoads {
 public:
  explicit PeLoads(const schedule::Schedule& schedule) : schedule_(schedule) {
    std::map<std::int32_t, schedule::StepId> in_set;
    for (std::size_t id = 0; id < schedule.steps.size(); ++id) {
      const schedule::Step& step = schedule.steps[id];
      if (step.kind == schedule::StepKind::kLoadPe) {
        in_set[step.set] = static_cast<schedule::StepId>(id);
      } else if (step.kind == schedule::StepKind::kStream) {
        uses_[step.layer].push_back({step.block, step.range, in_set.at(step.set)});
      }
    }
  }

  schedule::StepId load_for(int layer, std::int64_t k, std::int64_t n, std::int64_t row) const {
    for (const Use& use : uses_.at(layer)) {
      const schedule::Block& b = schedule_.blocks[static_cast<std::size_t>(use.block)];
      const schedule::PixelRange& r = schedule_.ranges[static_cast<std::size_t>(use.range)];
      if (k >= b.k_begin && k < b.k_begin + b.k_count && n >= b.n_begin &&
          n < b.n_begin + b.n_count && row >= r.row_begin && row < r.row_begin + r.row_count) {
        return use.load;
      }
    }
    ADD_FAILURE() << "no stream for layer " << layer << " k " << k << " n " << n;
    return schedule::kNoStep;
  }

 private:
  struct Use {
    std::int32_t block;
    std::int32_t range;
    schedule::StepId load;
  };
  const schedule::Schedule& schedule_;
  std::map<int, std::vector<Use>> uses_;
};

TEST(ShippedNetworks, GivenAStuckCellOfASmallSramThenExactlyTheWeightsThatResidencyNamesChange) {
  std::mt19937 draw(20);
  const int cells = full() ? 40 : light() ? 2 : 5;  // a model
  int several = 0;
  int fired = 0;
  for (const auto& model : models()) {
    const auto spec = machine_for(kRoot / "hw_configs/tiny_8x8.yaml", model);
    const std::string bytes = read(model);
    run::Job job = job_of(spec, model, {3}, 1);
    const run::Part& part = job.parts.front();
    const schedule::ResidencyMap residency(*part.schedule, part.network, spec);
    const PeLoads loads(*part.schedule);
    const fault::MemoryGeometry memory = run::weight_sram(job);
    for (int i = 0; i < cells; ++i) {
      fault::Fault fault;
      fault.kind = i % 2 == 0 ? memory::FaultKind::kStuckAt1 : memory::FaultKind::kStuckAt0;
      fault.cell = {static_cast<std::int64_t>(draw() % static_cast<unsigned>(memory.banks)),
                    static_cast<std::int64_t>(draw() % static_cast<unsigned>(memory.rows())),
                    static_cast<std::int64_t>(draw() % static_cast<unsigned>(memory.word_bits))};
      const auto tenants = residency.stays(fault.cell);
      std::set<std::tuple<int, std::int64_t, std::int64_t, std::int64_t, std::int64_t>> weights;
      for (const auto& tenant : tenants) {
        const auto& w = tenant.weight;
        weights.insert({w.layer, w.out, w.ky, w.kx, w.in});
      }
      several += weights.size() > 1 ? 1 : 0;
      job.plan.faults = {fault};
      const auto measured = run::simulate(job, kEngine);
      fired += measured.faults.front().reads_changed > 0 ? 1 : 0;

      const auto hook = [&](const reference::WeightUse& use) {
        for (const auto& tenant : tenants) {
          const auto& w = tenant.weight;
          if (w.layer != use.layer || w.out != use.out || w.ky != use.ky || w.kx != use.kx ||
              w.in != use.in) {
            continue;
          }
          const network::Layer& layer = part.network.layers[static_cast<std::size_t>(use.layer)];
          const std::int64_t k =
              (use.ky * layer.window.kernel_w + use.kx) * layer.group_in() + use.in;
          const auto load =
              loads.load_for(use.layer, k, use.out, use.image * layer.out.height + use.out_y);
          const auto& reads = tenant.stay.reads;
          if (std::find(reads.begin(), reads.end(), load) == reads.end()) continue;
          const int bits = spec.precision.weight_bits;
          unsigned code = tensor::encode(use.value, bits, spec.weight_sram.encoding);
          const unsigned bit = 1U << tenant.code_bit;
          code = fault.kind == memory::FaultKind::kStuckAt1 ? code | bit : code & ~bit;
          return tensor::decode(static_cast<std::uint8_t>(code), bits, spec.weight_sram.encoding);
        }
        return use.value;
      };
      EXPECT_EQ(measured.logits, reference::evaluate_onnx(bytes, pixels(3), 0, hook).logits)
          << "bank " << fault.cell.bank << " row " << fault.cell.row << " bit " << fault.cell.bit;
    }
  }
  const int least = light() ? 3 : 6;
  EXPECT_GE(several, least);
  EXPECT_GE(fired, least);
}

}  // namespace
}  // namespace lacuna

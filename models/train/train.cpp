#include "train.hpp"

#include <fmt/format.h>
#include <torch/nn/functional.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "batches.hpp"

namespace lacuna::train {
namespace {

namespace functional = torch::nn::functional;

constexpr double kPi = 3.14159265358979323846;
constexpr std::size_t kEvaluationBatch = 500;

// Ten classes: a network that only guesses is right in 10 % of the cases.
constexpr double kDeadAccuracy = 0.15;

// Each stage draws its own random numbers, so that the second one is the same whether the first
// one ran in this process or was read from a checkpoint.
enum class StageId : std::uint64_t { kFloat = 1, kQuantised = 2 };

std::uint64_t stage_seed(const Recipe& recipe, StageId stage) {
  return recipe.seed * 1000003 + static_cast<std::uint64_t>(stage);
}

double percent(std::size_t part, std::size_t whole) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double ramp(const Sparsity& sparsity, double done) {
  const double rise = (done - sparsity.none_until) / (sparsity.full_from - sparsity.none_until);
  return std::clamp(rise, 0.0, 1.0);
}

// Over all values together, so that a map counts as much as the time it costs to read. Without a
// gradient to the steps: the penalty would shrink them rather than make zeros.
torch::Tensor mean_activation(const std::vector<Codes>& maps) {
  torch::Tensor sum = torch::zeros({});
  std::int64_t values = 0;
  for (const Codes& map : maps) {
    sum = sum + (map.codes * map.step.detach()).sum();
    values += map.codes.numel();
  }
  return sum / static_cast<double>(values);
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::lround(seconds));
  return fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

std::unique_ptr<torch::optim::SGD> make_optimiser(const Network& network, const Stage& stage,
                                                  bool with_steps) {
  const auto options = torch::optim::SGDOptions(stage.learning_rate)
                           .momentum(stage.momentum)
                           .nesterov(true)
                           .weight_decay(stage.weight_decay);
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(network.weights(), std::make_unique<torch::optim::SGDOptions>(options));
  if (with_steps) {
    // Decay would shrink the steps without regard to what they quantise.
    auto plain = options;
    groups.emplace_back(network.steps(),
                        std::make_unique<torch::optim::SGDOptions>(plain.weight_decay(0.0)));
  }
  return std::make_unique<torch::optim::SGD>(groups, options);
}

void set_learning_rate(torch::optim::SGD& optimiser, double rate) {
  for (auto& group : optimiser.param_groups()) {
    static_cast<torch::optim::SGDOptions&>(group.options()).lr(rate);
  }
}

/// What differs between the stages.
struct StageWork {
  const char* name;
  const Stage& stage;
  bool with_steps;
  // Loss of a batch when the given fraction of the stage is done.
  std::function<torch::Tensor(const Batch& batch, double done)> loss;
  std::function<Evaluation(const Images& images)> evaluate;
};

void require_alive(const StageWork& work, int epoch, double loss, double accuracy) {
  if (std::isfinite(loss) && accuracy >= kDeadAccuracy) return;
  throw base::InputError(
      work.stage.place,
      fmt::format("the network is dead after epoch {} (loss {:.3f}, held-out accuracy {:.1f} %)",
                  epoch, loss, 100.0 * accuracy),
      "lower the learning rate or lambda; nothing was saved");
}

void run_stage(Network& network, const StageWork& work, BatchSource batches, const Images& held_out,
               const Report& report) {
  using Clock = std::chrono::steady_clock;
  const auto optimiser = make_optimiser(network, work.stage, work.with_steps);
  const std::size_t per_epoch = batches.batches_per_epoch();
  if (per_epoch == 0) {
    throw base::InputError(work.stage.place, fmt::format("batch is {}", work.stage.batch),
                           "at most as many as there are training images");
  }
  const auto steps = static_cast<double>(per_epoch) * work.stage.epochs;
  const auto start = Clock::now();
  std::size_t step = 0;
  for (int epoch = 1; epoch <= work.stage.epochs; ++epoch) {
    double loss_sum = 0.0;
    for (std::size_t i = 0; i < per_epoch; ++i, ++step) {
      const double done = static_cast<double>(step) / steps;
      set_learning_rate(*optimiser, work.stage.learning_rate * 0.5 * (1.0 + std::cos(kPi * done)));
      optimiser->zero_grad();
      const torch::Tensor loss = work.loss(batches.next(), done);
      loss.backward();
      optimiser->step();
      if (work.with_steps) network.keep_steps_positive();
      loss_sum += loss.item<double>();
    }
    const double loss = loss_sum / static_cast<double>(per_epoch);
    const Evaluation held = work.evaluate(held_out);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    report(fmt::format(
        "{} {}/{}  loss {:.4f}  held-out {:.2f} %  density {:.3f}  {:.1f} s/epoch  "
        "stage ends in {}",
        work.name, epoch, work.stage.epochs, loss, percent(held.correct, held_out.count),
        held.density, seconds / epoch, duration(seconds / epoch * (work.stage.epochs - epoch))));
    require_alive(work, epoch, loss, percent(held.correct, held_out.count) / 100.0);
  }
}

// torch::argmax does not promise which of equals it gives.
std::uint8_t first_largest(const float* begin, std::int64_t count) {
  return static_cast<std::uint8_t>(std::max_element(begin, begin + count) - begin);
}

/// `run` maps image codes to scores [n, classes] and may count non-zero and all values.
template <typename Run>
Evaluation evaluate(const Images& images, int activation_bits, const Run& run) {
  const torch::NoGradGuard no_gradient;
  Evaluation result;
  InputCount counted;
  for (std::size_t at = 0; at < images.count; at += kEvaluationBatch) {
    const std::size_t end = std::min(at + kEvaluationBatch, images.count);
    const Batch batch = plain_batch(images, at, end, activation_bits);
    const torch::Tensor scores = run(batch.codes, counted).contiguous();
    const std::int64_t classes = scores.size(1);
    for (std::size_t i = at; i < end; ++i) {
      const auto row = static_cast<std::int64_t>(i - at);
      result.top1.push_back(first_largest(scores.data_ptr<float>() + row * classes, classes));
      if (result.top1.back() == images.labels[i]) ++result.correct;
    }
  }
  if (counted.values > 0) {
    result.density = static_cast<double>(counted.nonzero) / static_cast<double>(counted.values);
  }
  return result;
}

}  // namespace

void train_float(Network& network, const Recipe& recipe, const Images& training,
                 const Images& held_out, const Report& report) {
  const StageWork work{"float", recipe.float_stage, false,
                       [&](const Batch& batch, double) {
                         return functional::cross_entropy(network.forward_float(batch.codes),
                                                          batch.labels);
                       },
                       [&](const Images& images) {
                         return evaluate_float(network, images, recipe.activation_bits);
                       }};
  run_stage(network, work,
            BatchSource(training, recipe.augmentation, recipe.float_stage.batch,
                        recipe.activation_bits, stage_seed(recipe, StageId::kFloat)),
            held_out, report);
}

void train_quantised(Network& network, const Recipe& recipe, const Images& training,
                     const Images& held_out, const Report& report) {
  BatchSource batches(training, recipe.augmentation, recipe.quantised_stage.batch,
                      recipe.activation_bits, stage_seed(recipe, StageId::kQuantised));
  network.initialise_steps(
      plain_batch(training, 0, std::min(kEvaluationBatch, training.count), recipe.activation_bits)
          .codes);
  const StageWork work{"quantised", recipe.quantised_stage, true,
                       [&](const Batch& batch, double done) {
                         const QuantisedOutput out = network.forward_quantised(batch.codes);
                         const torch::Tensor loss =
                             functional::cross_entropy(out.logits.values(), batch.labels);
                         const double weight = recipe.sparsity.lambda * ramp(recipe.sparsity, done);
                         return weight == 0.0 ? loss : loss + weight * mean_activation(out.inputs);
                       },
                       [&](const Images& images) {
                         return evaluate_quantised(network, images, recipe.activation_bits);
                       }};
  run_stage(network, work, std::move(batches), held_out, report);
}

Evaluation evaluate_float(Network& network, const Images& images, int activation_bits) {
  return evaluate(images, activation_bits, [&](const torch::Tensor& codes, InputCount&) {
    return network.forward_float(codes);
  });
}

Evaluation evaluate_quantised(Network& network, const Images& images, int activation_bits) {
  return evaluate(images, activation_bits, [&](const torch::Tensor& codes, InputCount& counted) {
    const QuantisedOutput out = network.forward_quantised(codes);
    for (const Codes& map : out.inputs) {
      counted.nonzero += static_cast<std::uint64_t>(map.codes.count_nonzero().item<std::int64_t>());
      counted.values += static_cast<std::uint64_t>(map.codes.numel());
    }
    // The sums themselves: exact integers, as in the integer network.
    return out.logits.codes;
  });
}

}  // namespace lacuna::train

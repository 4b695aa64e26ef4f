#include "train.hpp"

#include <fmt/format.h>
#include <torch/nn/functional.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "batches.hpp"
#include "saq.hpp"
#include "sparsity.hpp"

namespace lacuna::train {
namespace {

namespace functional = torch::nn::functional;

constexpr std::size_t kEvaluationBatch = 500;

// Ten classes: a network that only guesses is right in 10 % of the cases and loses ln(10) = 2.3.
constexpr double kDeadAccuracy = 0.15;
constexpr double kBlownLoss = 100.0;

// Each stage draws its own random numbers, so that the second one is the same whether the first
// one ran in this process or was read from a checkpoint.
enum class StageId : std::uint64_t { kFloat = 1, kQuantised = 2 };

std::uint64_t stage_seed(const Recipe& recipe, StageId stage) {
  return recipe.seed * 1000003 + static_cast<std::uint64_t>(stage);
}

std::unique_ptr<torch::optim::SGD> make_optimiser(const Network& network, const Stage& stage,
                                                  bool with_steps) {
  const auto options = torch::optim::SGDOptions(stage.learning_rate)
                           .momentum(stage.momentum)
                           .nesterov(stage.nesterov)
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

struct BatchLoss {
  double cross_entropy;
  double penalty;
};

/// What differs between the stages.
struct StageWork {
  const char* name;
  const Stage& stage;
  bool with_steps;
  // Before the first epoch; not in a resumed run.
  std::function<void()> begin;
  // Leaves the gradients of a batch in the parameters, at the given fraction of the stage.
  std::function<BatchLoss(const Batch& batch, double done)> backward;
  std::function<Evaluation(const Images& images)> evaluate;
};

[[noreturn]] void fail(const StageWork& work, int epoch, const std::string& what) {
  const std::string where =
      work.stage.place.file.empty()
          ? ""
          : fmt::format("{}:{}: ", work.stage.place.file, work.stage.place.line);
  throw TrainingFailed(
      fmt::format("{}the network died in epoch {} of the {} stage: {}; no network was saved; lower "
                  "the learning rate, lambda or rho",
                  where, epoch, work.name, what));
}

void require_finite(const StageWork& work, int epoch, const BatchLoss& loss) {
  const double whole = loss.cross_entropy + loss.penalty;
  if (std::isfinite(whole) && whole < kBlownLoss) return;
  fail(work, epoch, fmt::format("the loss of a batch is {:.4g}", whole));
}

void require_alive(const StageWork& work, int epoch, const Evaluation& held, std::size_t images) {
  for (std::size_t i = 0; i < held.inputs.size(); ++i) {
    if (held.inputs[i].nonzero > 0) continue;
    fail(work, epoch, fmt::format("all activations that layer {} reads are zero", i + 2));
  }
  const double accuracy = static_cast<double>(held.correct) / static_cast<double>(images);
  if (accuracy >= kDeadAccuracy && std::isfinite(held.loss)) return;
  fail(work, epoch, fmt::format("held-out accuracy {:.1f} %, which is guessing", 100 * accuracy));
}

EpochResult run_epoch(Network& network, const StageWork& work, torch::optim::SGD& optimiser,
                      BatchSource& batches, int epoch, const StageRun& run) {
  const std::size_t per_epoch = batches.batches_per_epoch();
  const auto all = static_cast<double>(per_epoch) * work.stage.epochs;
  EpochResult result{epoch, 0.0, 0.0, 0.0, 0, 1.0};
  batches.begin_epoch(epoch);
  for (std::size_t i = 0; i < per_epoch; ++i) {
    const auto before = static_cast<double>(static_cast<std::size_t>(epoch - 1) * per_epoch + i);
    set_learning_rate(optimiser, learning_rate(work.stage, before / all));
    optimiser.zero_grad();
    const BatchLoss loss = work.backward(batches.next(), before / all);
    require_finite(work, epoch, loss);
    optimiser.step();
    if (work.with_steps) network.keep_steps_positive();
    result.loss += loss.cross_entropy / static_cast<double>(per_epoch);
    result.penalty += loss.penalty / static_cast<double>(per_epoch);
    if (run.progress) run.progress((before + 1.0) / all);
  }
  return result;
}

void run_stage(Network& network, const StageWork& work, BatchSource batches, const Images& held_out,
               const StageRun& run) {
  if (batches.batches_per_epoch() == 0) {
    throw base::InputError(work.stage.place, fmt::format("batch is {}", work.stage.batch),
                           "at most as many as there are training images");
  }
  const auto optimiser = make_optimiser(network, work.stage, work.with_steps);
  std::vector<EpochResult> epochs;
  if (!load_checkpoint(run.checkpoint, run.fingerprint, network, *optimiser, epochs)) work.begin();
  for (const EpochResult& epoch : epochs) run.epoch(epoch);
  for (int epoch = static_cast<int>(epochs.size()) + 1; epoch <= work.stage.epochs; ++epoch) {
    EpochResult result = run_epoch(network, work, *optimiser, batches, epoch, run);
    const Evaluation held = work.evaluate(held_out);
    require_alive(work, epoch, held, held_out.count);
    result.held_out_loss = held.loss;
    result.held_out_correct = held.correct;
    result.density = held.density();
    epochs.push_back(result);
    save_checkpoint(run.checkpoint, run.fingerprint, network, *optimiser, epochs);
    run.epoch(result);
  }
}

// torch::argmax does not promise which of equals it gives.
std::uint8_t first_largest(const float* begin, std::int64_t count) {
  return static_cast<std::uint8_t>(std::max_element(begin, begin + count) - begin);
}

/// `run` maps image codes to scores [n, classes] and their step, and may count its inputs.
template <typename Run>
Evaluation evaluate(Network& network, const Images& images, int activation_bits, const Run& run) {
  const torch::NoGradGuard no_gradient;
  network.eval();
  Evaluation result;
  for (std::size_t at = 0; at < images.count; at += kEvaluationBatch) {
    const std::size_t end = std::min(at + kEvaluationBatch, images.count);
    const Batch batch = plain_batch(images, at, end, activation_bits);
    const Codes out = run(batch.codes, result.inputs);
    const torch::Tensor scores = out.codes.contiguous();
    const std::int64_t classes = scores.size(1);
    for (std::size_t i = at; i < end; ++i) {
      const auto row = static_cast<std::int64_t>(i - at);
      result.top1.push_back(first_largest(scores.data_ptr<float>() + row * classes, classes));
      if (result.top1.back() == images.labels[i]) ++result.correct;
    }
    const auto sum = functional::CrossEntropyFuncOptions().reduction(torch::kSum);
    result.loss += functional::cross_entropy(out.values(), batch.labels, sum).item<double>();
  }
  result.loss /= static_cast<double>(images.count);
  network.train();
  return result;
}

void count(const std::vector<Codes>& maps, std::vector<InputCount>& counts) {
  counts.resize(maps.size());
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const torch::Tensor& codes = maps[i].codes;
    counts[i].nonzero += static_cast<std::uint64_t>(codes.count_nonzero().item<std::int64_t>());
    counts[i].values += static_cast<std::uint64_t>(codes.numel());
  }
}

BatchLoss backward_quantised(Network& network, const Recipe& recipe, const Batch& batch,
                             double done) {
  const double weight = recipe.sparsity.lambda * ramp(recipe.sparsity, done);
  BatchLoss first{0.0, 0.0};
  const auto forward = [&](const std::vector<torch::Tensor>& offsets) {
    const QuantisedOutput out = network.forward_quantised(batch.codes, offsets);
    torch::Tensor loss = functional::cross_entropy(out.logits.values(), batch.labels);
    if (offsets.empty()) first.cross_entropy = loss.item<double>();
    if (weight > 0.0) {
      const torch::Tensor penalty = weight * sparsity_penalty(recipe.sparsity.penalty, out.inputs);
      if (offsets.empty()) first.penalty = penalty.item<double>();
      loss = loss + penalty;
    }
    return Pass{loss, out.weights};
  };
  if (recipe.sharpness.rho > 0.0) {
    sharpness_aware_backward(forward, recipe.sharpness.rho);
  } else {
    forward({}).loss.backward();
  }
  return first;
}

}  // namespace

void train_float(Network& network, const Recipe& recipe, const Images& training,
                 const Images& held_out, const StageRun& run) {
  const StageWork work{"float",
                       recipe.float_stage,
                       false,
                       [] {},
                       [&](const Batch& batch, double) {
                         const torch::Tensor loss = functional::cross_entropy(
                             network.forward_float(batch.codes), batch.labels);
                         loss.backward();
                         return BatchLoss{loss.item<double>(), 0.0};
                       },
                       [&](const Images& images) {
                         return evaluate_float(network, images, recipe.activation_bits);
                       }};
  run_stage(network, work,
            BatchSource(training, recipe.augmentation, recipe.float_stage.batch,
                        recipe.activation_bits, stage_seed(recipe, StageId::kFloat)),
            held_out, run);
}

void train_quantised(Network& network, const Recipe& recipe, const Images& training,
                     const Images& held_out, const StageRun& run) {
  const StageWork work{
      "quantised",
      recipe.quantised_stage,
      true,
      [&] {
        const std::size_t images = std::min(kEvaluationBatch, training.count);
        network.initialise_steps(plain_batch(training, 0, images, recipe.activation_bits).codes);
      },
      [&](const Batch& batch, double done) {
        return backward_quantised(network, recipe, batch, done);
      },
      [&](const Images& images) {
        return evaluate_quantised(network, images, recipe.activation_bits);
      }};
  run_stage(network, work,
            BatchSource(training, recipe.augmentation, recipe.quantised_stage.batch,
                        recipe.activation_bits, stage_seed(recipe, StageId::kQuantised)),
            held_out, run);
}

double Evaluation::density() const {
  InputCount all;
  for (const InputCount& input : inputs) {
    all.nonzero += input.nonzero;
    all.values += input.values;
  }
  if (all.values == 0) return 1.0;
  return static_cast<double>(all.nonzero) / static_cast<double>(all.values);
}

Evaluation evaluate_float(Network& network, const Images& images, int activation_bits) {
  return evaluate(network, images, activation_bits,
                  [&](const torch::Tensor& codes, std::vector<InputCount>&) {
                    return Codes{network.forward_float(codes), torch::ones({})};
                  });
}

Evaluation evaluate_quantised(Network& network, const Images& images, int activation_bits,
                              const std::vector<torch::Tensor>& offsets) {
  return evaluate(network, images, activation_bits,
                  [&](const torch::Tensor& codes, std::vector<InputCount>& counts) {
                    const QuantisedOutput out = network.forward_quantised(codes, offsets);
                    count(out.inputs, counts);
                    // The sums themselves: exact integers, as in the integer network.
                    return out.logits;
                  });
}

}  // namespace lacuna::train

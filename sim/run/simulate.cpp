#include "run/simulate.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "fast/engine.hpp"
#include "memory/access.hpp"
#include "network/post.hpp"
#include "systemc/engine.hpp"

namespace lacuna::run {
namespace {

// What lies beyond what a schedule uses is never accessed, and takes no room here.
systemc::MemorySizes memory_sizes(const Job& job) {
  systemc::MemorySizes sizes;
  sizes.weight_words = weight_sram(job).words;
  const int values_per_word = job.spec.activations_per_word();
  const auto grow = [&](const schedule::Schedule& schedule) {
    sizes.activation_words = std::max(sizes.activation_words,
                                      base::ceil_div(schedule.activation_slots, values_per_word));
    sizes.accumulator_entries = std::max(sizes.accumulator_entries, schedule.accumulator_entries);
  };
  for (const Part& part : job.parts) {
    grow(*part.schedule);
    if (part.remainder) grow(*part.remainder);
    sizes.table_entries = std::max(sizes.table_entries, network::table_entries(part.network));
  }
  return sizes;
}

void hash_sums(base::Sha256& hash, const std::vector<std::int32_t>& sums) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(sums.size() * sizeof(std::int32_t));
  for (const std::int32_t sum : sums) {
    const auto bits = static_cast<std::uint32_t>(sum);
    for (const int shift : {0, 8, 16, 24}) {
      bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
    }
  }
  hash.update(bytes.data(), bytes.size());
}

/// Batches of a part: how many of the full size, and whether one smaller follows.
struct Batches {
  std::int64_t full = 0;
  bool remainder = false;
};

Batches batches_of(const Part& part) {
  return {part.image_count() / part.schedule->batch, part.remainder.has_value()};
}

using BatchImages = std::vector<const std::uint8_t*>;

/// What a run asks of an engine.
class BatchEngine {
 public:
  BatchEngine() = default;
  virtual ~BatchEngine() = default;
  BatchEngine(const BatchEngine&) = delete;
  BatchEngine& operator=(const BatchEngine&) = delete;

  /// What of a part's values is looked at when it is loaded next. It is loaded with these.
  virtual fast::Look look_at(const Part& /*part*/) { return fast::Look::kValues; }
  virtual base::Cycles load(const Part& part, const schedule::Schedule& schedule) = 0;
  /// `first` is the place of the first batch.
  virtual std::vector<measure::BatchResult> run(const std::vector<BatchImages>& batches,
                                                memory::BatchPlace first) = 0;
  virtual const std::vector<measure::FaultOutcome>& outcomes() const = 0;
  /// Where the next set-up, or the last batch of the next run, is written down; null: nowhere.
  virtual void set_trace(measure::BatchTrace* trace) = 0;
  /// How many batches one call of run() had best have.
  virtual std::int64_t batches_at_once() const = 0;
  /// All has been run.
  virtual void finish() {}
};

class SystemcBatches : public BatchEngine {
 public:
  SystemcBatches(const arch::AcceleratorSpec& spec, const systemc::MemorySizes& sizes,
                 const fault::FaultPlan& plan, const systemc::Stalls& stalls,
                 const std::string& vcd_path)
      : engine_(spec, sizes, plan, stalls, vcd_path) {}
  base::Cycles load(const Part& part, const schedule::Schedule& schedule) override {
    return engine_.load(part.network, schedule, part.step_offset);
  }
  std::vector<measure::BatchResult> run(const std::vector<BatchImages>& batches,
                                        memory::BatchPlace place) override {
    std::vector<measure::BatchResult> results;
    results.reserve(batches.size());
    for (const BatchImages& batch : batches) {
      results.push_back(engine_.run(batch, place));
      ++place.batch;
      place.first_image += static_cast<std::int64_t>(batch.size());
    }
    return results;
  }
  const std::vector<measure::FaultOutcome>& outcomes() const override { return engine_.outcomes(); }
  void set_trace(measure::BatchTrace* trace) override { engine_.set_trace(trace); }
  std::int64_t batches_at_once() const override { return 1; }
  void finish() override { engine_.finish_waves(); }

 private:
  systemc::Engine engine_;
};

class FastBatches : public BatchEngine {
 public:
  FastBatches(const arch::AcceleratorSpec& spec, std::int64_t weight_words,
              const fault::FaultPlan& plan, bool timing)
      : spec_(spec), timing_(timing), engine_(spec, weight_words, plan) {}
  fast::Look look_at(const Part& part) override {
    const bool skips = spec_.zero_skipping == arch::ZeroSkipping::kSkip;
    const bool gates = spec_.zero_skipping == arch::ZeroSkipping::kGate;
    fast::Looks looks;
    if (timing_ && part.drawn) {
      looks.at = skips ? fast::Look::kZeros : fast::Look::kNothing;
      looks.densities = part.drawn->densities;
      looks.draw = [&part](std::size_t layer, std::int64_t image) {
        return draw_input(part, layer, image);
      };
    } else if (timing_ && !skips && !gates) {
      looks.at = fast::Look::kNothing;
    }
    engine_.set_looks(looks);
    return looks.at;
  }
  base::Cycles load(const Part& part, const schedule::Schedule& schedule) override {
    return engine_.load(part.network, schedule, part.step_offset);
  }
  std::vector<measure::BatchResult> run(const std::vector<BatchImages>& batches,
                                        memory::BatchPlace first) override {
    return engine_.run(batches, first);
  }
  const std::vector<measure::FaultOutcome>& outcomes() const override { return engine_.outcomes(); }
  void set_trace(measure::BatchTrace* trace) override { engine_.set_trace(trace); }
  std::int64_t batches_at_once() const override { return kGroup; }
  void set_values(fast::WalkValues* values) { engine_.set_values(values); }

 private:
  static constexpr std::int64_t kGroup = 64;
  const arch::AcceleratorSpec& spec_;
  bool timing_;  ///< see Job::timing
  fast::Engine engine_;
};

std::unique_ptr<BatchEngine> make_engine(EngineKind kind, const Job& job,
                                         const arch::AcceleratorSpec& spec,
                                         const fault::FaultPlan& plan,
                                         const systemc::Stalls& stalls, const std::string& vcd_path,
                                         bool timing = false) {
  if (kind == EngineKind::kSystemc) {
    return std::make_unique<SystemcBatches>(spec, memory_sizes(job), plan, stalls, vcd_path);
  }
  SIM_CHECK(vcd_path.empty(), "run", -1, "waves are of the SystemC engine");
  SIM_CHECK(!stalls.any(), "run", -1, "stalls are for the SystemC engine");
  return std::make_unique<FastBatches>(spec, weight_sram(job).words, plan, timing);
}

class Runner {
 public:
  Runner(const Job& job, BatchEngine& engine, const ProgressCallback& progress, Timeline* timeline)
      : job_(job), engine_(engine), callback_(progress), timeline_(timeline) {}

  Measurement run(bool every_batch) {
    base::Sha256 hash;
    for (const Part& part : job_.parts) {
      const Batches batches = batches_of(part);
      progress_.total += (every_batch ? batches.full : 1) + (batches.remainder ? 1 : 0);
    }
    std::unique_ptr<Part> drawn;  // the engine lets go of the last one's when it loads the next
    for (; part_ < job_.parts.size(); ++part_) {
      const Part& part = job_.parts[part_];
      const fast::Look look = engine_.look_at(part);
      has_values_ = has_values_ && look == fast::Look::kValues;
      if (!part.drawn || look != fast::Look::kValues) {
        run_part(part, every_batch, hash);
        continue;
      }
      auto with = std::make_unique<Part>(with_operands(part));
      run_part(*with, every_batch, hash);
      drawn = std::move(with);
    }
    if (has_values_) result_.logits_sha256 = hash.hex();
    result_.faults = engine_.outcomes();
    engine_.finish();
    return std::move(result_);
  }

 private:
  void run_part(const Part& part, bool every_batch, base::Sha256& hash) {
    const Batches batches = batches_of(part);
    const std::size_t first = result_.layers.size();
    result_.layers.resize(first + part.network.layers.size());
    result_.setup += load(part, *part.schedule, 0, batches.full);
    const std::int64_t count = every_batch ? batches.full : 1;
    for (std::int64_t b = 0; b < count;) {
      std::int64_t end = std::min(count, b + engine_.batches_at_once());
      // Only the last one of a group has a trace.
      if (traced(b, end)) end = timeline_->batch + 1;
      std::vector<BatchImages> group;
      for (std::int64_t i = b; i < end; ++i) {
        group.push_back(images(part, i * part.schedule->batch, part.schedule->batch));
      }
      add(run(part, group, b, end), every_batch ? 1 : batches.full, first, hash);
      b = end;
    }
    if (batches.remainder) {
      const std::int64_t image = batches.full * part.schedule->batch;
      const std::int64_t last = batches.full;
      load(part, *part.remainder, last, last + 1);  // set-up counted once
      add(run(part, {images(part, image, part.remainder->batch)}, last, last + 1), 1, first, hash);
    }
  }

  /// Whether the timeline's batch is one of [begin, end).
  bool traced(std::int64_t begin, std::int64_t end) const {
    return timeline_ != nullptr && timeline_->batch >= begin && timeline_->batch < end;
  }

  /// For the batches [begin, end).
  base::Cycles load(const Part& part, const schedule::Schedule& schedule, std::int64_t begin,
                    std::int64_t end) {
    if (!traced(begin, end)) return engine_.load(part, schedule);
    timeline_->parts.push_back({&job_.parts[part_], &schedule, {}, {}});
    engine_.set_trace(&timeline_->parts.back().setup);
    const base::Cycles cycles = engine_.load(part, schedule);
    engine_.set_trace(nullptr);
    return cycles;
  }

  std::vector<measure::BatchResult> run(const Part& part, const std::vector<BatchImages>& group,
                                        std::int64_t begin, std::int64_t end) {
    const memory::BatchPlace place{begin, begin * part.schedule->batch,
                                   static_cast<std::int32_t>(part_)};
    if (!traced(begin, end)) return engine_.run(group, place);
    engine_.set_trace(&timeline_->parts.back().batch);
    std::vector<measure::BatchResult> results = engine_.run(group, place);
    engine_.set_trace(nullptr);
    return results;
  }

  static BatchImages images(const Part& part, std::int64_t first, std::int64_t count) {
    if (part.drawn) return BatchImages(static_cast<std::size_t>(count));  // nobody looks at them
    BatchImages list;
    for (std::int64_t i = first; i < first + count; ++i) {
      list.push_back(part.images[static_cast<std::size_t>(i)].data());
    }
    return list;
  }

  void add(const std::vector<measure::BatchResult>& results, std::int64_t times,
           std::size_t first_layer, base::Sha256& hash) {
    for (const measure::BatchResult& batch : results) {
      base::Cycles classified;
      for (std::size_t i = 0; i < batch.layers.size(); ++i) {
        result_.layers[first_layer + i].add(batch.layers[i], times);
        classified += batch.layers[i].cycles.total();
      }
      SIM_CHECK(classified == batch.cycles, "run", -1, "cycle classes do not sum to the total");
      result_.logits.insert(result_.logits.end(), batch.logits.begin(), batch.logits.end());
      hash_sums(hash, batch.logits);
      for (const std::vector<std::int32_t>& sums : batch.sums) hash_sums(hash, sums);
      result_.batch_cycles.push_back(batch.cycles.value);
      ++progress_.done;
      progress_.cycles += batch.cycles.value;
    }
    if (callback_) callback_(progress_);
  }

  const Job& job_;
  BatchEngine& engine_;
  const ProgressCallback& callback_;
  Timeline* timeline_;
  std::size_t part_ = 0;    ///< that runs
  bool has_values_ = true;  ///< all parts' values were computed
  Progress progress_;
  Measurement result_;
};

}  // namespace

const char* engine_name(EngineKind kind) {
  switch (kind) {
    case EngineKind::kFast:
      return "fast";
    case EngineKind::kSystemc:
      return "systemc";
  }
  return "";
}

std::string sums_sha256(const std::vector<std::int32_t>& sums) {
  base::Sha256 hash;
  hash_sums(hash, sums);
  return hash.hex();
}

void check_plan(const Job& job, const fault::FaultPlan& plan) {
  if (job.commit_stall_probability > 0 || job.max_start_delay > 0) {
    for (const fault::Fault& fault : plan.faults) {
      if (fault.cycle == memory::kNoCycle) continue;
      throw base::InputError({plan.origin, 0, "when"},
                             "stalls are injected, so that cycles are not those of the machine",
                             "faults at cycles, or stalls");
    }
  }
  for (const fault::Fault& fault : plan.faults) {
    if (fault.step == memory::kPermanent) continue;
    for (const Part& part : job.parts) {
      if (!part.remainder) continue;
      throw base::InputError(
          {plan.origin, 0, "when"},
          "a fault at a step needs every batch alike, but the last one is smaller",
          "a number of images that the batch size divides");
    }
  }
}

Measurement simulate(const Job& job, EngineKind kind, const ProgressCallback& progress,
                     const std::string& vcd_path, Timeline* timeline) {
  return simulate(job, job.plan, kind, progress, vcd_path, timeline);
}

Measurement simulate(const Job& job, const fault::FaultPlan& plan, EngineKind kind,
                     const ProgressCallback& progress, const std::string& vcd_path,
                     Timeline* timeline) {
  check_plan(job, plan);
  systemc::Stalls stalls;
  stalls.commit_probability = job.commit_stall_probability;
  stalls.max_start_delay = job.max_start_delay;
  stalls.seed = job.stall_seed;
  SIM_CHECK(!job.timing || (kind == EngineKind::kFast && plan.faults.empty()), "run", -1,
            "faults, and the SystemC engine, need values");
  const auto engine = make_engine(kind, job, job.spec, plan, stalls, vcd_path, job.timing);
  return Runner(job, *engine, progress, timeline).run(true);
}

BatchMeasurement simulate_batch(const Job& job, const fault::FaultPlan& plan, std::int64_t batch,
                                fast::WalkValues* values) {
  SIM_CHECK(job.parts.size() == 1 && batch >= 0 && batch < batch_count(job.parts.front()), "run",
            -1, "no such batch of a model");
  const Part& part = job.parts.front();
  const Batches batches = batches_of(part);
  const schedule::Schedule& schedule = batch < batches.full ? *part.schedule : *part.remainder;
  BatchMeasurement measured;
  measured.first_image = batch * part.schedule->batch;
  BatchImages images;
  for (std::int64_t i = 0; i < schedule.batch; ++i) {
    images.push_back(part.images[static_cast<std::size_t>(measured.first_image + i)].data());
  }
  FastBatches engine(job.spec, weight_sram(job).words, plan, false);
  engine.set_values(values);
  engine.load(part, schedule);
  measured.result = std::move(engine.run({images}, {batch, measured.first_image, 0}).front());
  measured.faults = engine.outcomes();
  return measured;
}

std::vector<std::int32_t> fault_free_logits(const Job& job, const ProgressCallback& progress) {
  const fault::FaultPlan no_faults;
  const auto engine = make_engine(EngineKind::kFast, job, job.spec, no_faults, {}, {});
  return Runner(job, *engine, progress, nullptr).run(true).logits;
}

std::vector<measure::LayerCounters> simulate_dense(const Job& job, EngineKind kind,
                                                   const ProgressCallback& progress) {
  arch::AcceleratorSpec dense = job.spec;
  dense.zero_skipping = arch::ZeroSkipping::kNone;
  const fault::FaultPlan no_faults;
  const auto engine = make_engine(kind, job, dense, no_faults, {}, {}, kind == EngineKind::kFast);
  return Runner(job, *engine, progress, nullptr).run(false).layers;
}

}  // namespace lacuna::run

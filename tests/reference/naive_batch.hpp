// A batch with faults in any memory, evaluated access by access: values, times and what every fault
// did. Straight from the rules of docs/faults.md and docs/timing.md, applied to the schedule's
// steps in list order, one object a cell; slow and plain. It shares the schedule, the network and
// the random numbers of read_disturb with the engines, nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "arch/spec.hpp"
#include "fault/geometry.hpp"
#include "network/network.hpp"
#include "reference/naive_memory.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::reference {

/// What does not change from batch to batch.
struct NaiveMachine {
  const network::Network& network;
  const arch::AcceleratorSpec& spec;
  const fault::Memories& memories;
  const fault::FaultPlan& plan;
};

class NaiveBatch {
 public:
  /// `images`: a byte a code, channels last. All are held by reference.
  NaiveBatch(const NaiveMachine& machine, const schedule::Schedule& schedule,
             const std::vector<std::vector<std::uint8_t>>& images, const BatchNumber& batch);

  /// Once. Adds to the plan's `outcomes`.
  void run(std::vector<measure::FaultOutcome>& outcomes);

  std::int64_t cycles() const;
  /// The network's outputs, image after image: biased sums, or operands of maps.
  std::vector<std::int32_t> logits() const;
  /// Biased sums of a GEMM layer, image after image.
  std::vector<std::int32_t> sums(std::size_t layer) const;

  /// MACs of a layer, and how many values of its input map are written, and not zero as written.
  measure::LayerCounters counts(std::size_t layer) const;

 private:
  struct StepTime {
    std::int64_t start = 0;
    std::int64_t end = 0;
  };
  using Map = std::vector<std::uint32_t>;  ///< patterns of one image, channels last

  /// A value of a map by where it is.
  struct Place {
    std::int64_t image = 0;
    std::int64_t y = 0;
    std::int64_t x = 0;
    std::int64_t channel = 0;
  };
  struct Token {
    std::int64_t v = 0;
    std::int64_t slot = 0;
    int operand = 0;
    std::int64_t turn = 0;  ///< the cycle of its pixel in which it is issued
  };
  /// What of a stream is the same for all pixels, and its times so far, [pixel][row].
  struct Stream;

  NaiveMemory& memory(memory::MemoryId id) { return *memories_[memory::index_of(id)]; }
  bool has(memory::MemoryId id) const { return memories_[memory::index_of(id)] != nullptr; }
  const network::Layer& layer_of(const schedule::Step& step) const;

  void set_up();
  StepTime start_of(const schedule::Step& step) const;
  std::int64_t dma_cycles(const schedule::Step& step) const;

  void write_weights(const schedule::Step& step, const Moment& now);
  void load_activations(const schedule::Step& step, const Moment& now);
  void store_activations(const schedule::Step& step, const Moment& now);
  std::int64_t load_pe(const schedule::Step& step, Moment now);
  std::int64_t stream(const schedule::Step& step, const Moment& begin);
  std::vector<Token> feed(const Stream& s, std::int64_t row, const Moment& now);
  void multiply(const Stream& s, std::int64_t row, const std::vector<Token>& tokens, Moment now);
  void commit(const Stream& s, std::int64_t row, Moment now);
  std::int64_t post(const schedule::Step& step, const Moment& begin, std::int64_t first);
  std::int64_t pool(const schedule::Step& step, const Moment& begin, std::int64_t first);
  std::int64_t transform(const schedule::Step& step, const Moment& begin, std::int64_t first);
  int table_value(const network::Layer& layer, std::int64_t channel, int operand,
                  const Moment& now);

  std::int64_t slot(const schedule::Region& region, const Place& place) const;
  std::uint32_t read_pattern(const schedule::Region& region, const Place& place, const Moment& now);
  int read_value(const schedule::Region& region, const Place& place, const Moment& now);
  void write_pattern(const schedule::Region& region, const Place& place, std::uint32_t pattern,
                     const Moment& now);
  void write_value(const schedule::Region& region, const Place& place, int value,
                   const Moment& now);
  std::uint32_t pattern_of(std::int32_t map, int operand) const;
  int operand_of(std::int32_t map, std::uint32_t pattern) const;
  std::uint32_t& in_dram(std::int32_t map, const Place& place);
  std::int64_t pe_bank(std::int64_t row, std::int64_t column) const;
  std::int64_t pe_weight(std::int64_t row, std::int64_t column, std::int64_t set,
                         std::int64_t slot) const;
  std::vector<std::vector<std::int64_t>> indices_of_rows(const schedule::Block& block) const;

  std::int64_t first_step_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  const schedule::Schedule& schedule_;
  std::array<std::unique_ptr<NaiveMemory>, memory::kMemoryCount> memories_;
  std::vector<std::vector<Map>> dram_;                        ///< [map][image]
  std::vector<std::vector<std::vector<std::int32_t>>> sums_;  ///< [layer][image]
  std::vector<measure::MacCounts> macs_;                      ///< [layer]
  std::vector<std::int64_t> written_;                         ///< [map]
  std::vector<std::int64_t> nonzeros_;                        ///< [map]
  std::vector<StepTime> times_;
  std::array<StepTime, schedule::kResources> last_{};
};

}  // namespace lacuna::reference

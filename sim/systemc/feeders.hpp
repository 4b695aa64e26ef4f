// The zero-skipping feeders, one a row: turn a pixel's inputs into the list of activations that the
// row issues: operands, codes less their map's zero point.
//
// Timing: a row's feeder reads one bitmap word (one window position, D aligned channels) and one
// value a cycle; a pixel takes max(1, activations issued, bitmap words) cycles (docs/timing.md,
// "Feeders"). Policies: none issues all indices of the row; gate issues all and marks zeros it has
// read; skip asks the bitmap and issues only what is not zero. Padding is a known operand 0,
// without an access. Memories owned: none.
#pragma once

#include <systemc>
#include <vector>

#include "systemc/activation_sram.hpp"
#include "systemc/array_core.hpp"
#include "systemc/program.hpp"

namespace lacuna::systemc {

class FeederPort : virtual public sc_core::sc_interface {
 public:
  virtual void begin_pass(schedule::StepId id) = 0;
  virtual TokenSource& tokens() = 0;
  /// Bitmap words that a row reads for each pixel of the pass.
  virtual std::int32_t bitmap_words(int row) const = 0;
};

class Feeders : public sc_core::sc_module, public FeederPort, TokenSource {
 public:
  sc_core::sc_export<FeederPort> port;
  sc_core::sc_port<ActivationSramPort> activation_sram;

  Feeders(const sc_core::sc_module_name& name, Program& program);

  void begin_pass(schedule::StepId id) override;
  TokenSource& tokens() override { return *this; }
  std::int32_t bitmap_words(int row) const override;

 private:
  /// A reduction index of a row.
  struct Index {
    std::int32_t y;        ///< window position: row of the kernel
    std::int32_t x;        ///< window position: column of the kernel
    std::int64_t channel;  ///< of the map
    std::uint8_t slot;     ///< of the PE's weights
    std::int32_t number;   ///< of the pass
  };
  struct Pending {
    std::int64_t address;  ///< slot in the activation SRAM, or kPadding
    std::uint8_t slot;
    std::int32_t number;
  };
  struct Row {
    std::vector<Index> indices;
    std::int32_t bitmap_words = 0;
    std::int64_t y = 0;  ///< next output pixel: row through all images, column
    std::int64_t x = 0;
    std::int64_t pixel = 0;        ///< of the pass: the one that comes next
    memory::Access access;         ///< of the current pixel's values: they are read at its start
    std::vector<Pending> pending;  ///< the current pixel's activations
    std::size_t next = 0;
  };

  PixelWork begin_pixel(int row) override;
  Token issue(int row) override;

  void list_indices(const schedule::Block& block, const network::Layer& layer);

  Program& program_;
  std::vector<Row> rows_;
  schedule::StepId step_ = schedule::kNoStep;
  std::int64_t lanes_ = 0;
  const network::Layer* layer_ = nullptr;
  const schedule::Region* region_ = nullptr;
  tensor::Code code_;
  measure::LayerCounters* counters_ = nullptr;
  ActivationSramPort* sram_ = nullptr;
};

}  // namespace lacuna::systemc

// Taps: what stands between two blocks while waves are written. A tap implements the interface that
// it taps, notes every call in the waves and passes it on. A machine without waves has no taps: its
// ports are bound to the blocks themselves, so waves cost nothing when they are off.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <deque>
#include <optional>
#include <string>
#include <systemc>
#include <vector>

#include "systemc/controller.hpp"
#include "systemc/dram.hpp"
#include "systemc/feeders.hpp"
#include "systemc/pe_array.hpp"
#include "systemc/waves.hpp"
#include "systemc/weight_sram.hpp"

namespace lacuna::systemc {

/// What all taps know: the program, and where its layers lie in the list of all layers of the run.
struct TapContext {
  Waves& waves;
  const Program& program;
  std::int64_t first_layer = 0;
};

/// One port of a memory: whether it is used in a cycle, for how many values (accumulator SRAM:
/// entries), and the first one's address and data.
class AccessWaves {
 public:
  AccessWaves(Waves& waves, const std::string& prefix, std::optional<Waves::Signal> data);
  /// Returns how many accesses came before this one in the same cycle.
  std::int64_t note(std::int64_t cycle, std::int64_t address, std::uint64_t data);

 private:
  Waves& waves_;
  Waves::Signal valid_;
  Waves::Signal count_signal_;
  Waves::Signal address_;
  std::optional<Waves::Signal> data_;
  std::int64_t cycle_ = -1;
  std::int64_t count_ = 0;
};

/// Controller <-> one unit: what the unit is doing.
class UnitTap : public StepUnit, public StepListener {
 public:
  /// `kinds` are the step kinds that the unit tells apart; `queues`: it takes steps ahead.
  UnitTap(TapContext& context, const std::string& scope,
          const std::vector<schedule::StepKind>& kinds, bool queues, StepUnit& unit,
          StepListener& listener);
  void start(schedule::StepId id) override;
  void ended(schedule::StepId id) override;

 private:
  void show();

  TapContext& context_;
  StepUnit& unit_;
  StepListener& listener_;
  std::deque<schedule::StepId> running_;
  Waves::Signal busy_;
  std::vector<std::pair<schedule::StepKind, Waves::Signal>> kinds_;
  Waves::Signal step_;
  Waves::Signal layer_;
  std::optional<Waves::Signal> queued_;
};

/// What the controller counts each cycle as.
class SpendingTap : public SpendingWatch {
 public:
  explicit SpendingTap(TapContext& context);
  /// A set-up or a batch begins now.
  void begin();
  void spent_on(const Spending& spending) override;
  /// After the last batch: puts the file of the waves in place.
  void finish();

 private:
  TapContext& context_;
  Waves::Signal setup_;
  Waves::Signal batch_;
  std::vector<std::pair<base::Cycles measure::CycleClasses::*, Waves::Signal>> classes_;
  Waves::Signal layer_;
  std::int64_t batches_ = 0;
  const network::Network* network_ = nullptr;
  std::int64_t layers_ = 0;
};

/// DMA <-> DRAM: requests, and the bytes on the bus in each cycle.
class DramTap : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<DramTap> from_dma;
  tlm_utils::simple_initiator_socket<DramTap> to_dram;

  DramTap(const sc_core::sc_module_name& name, TapContext& context);

 private:
  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned int move(tlm::tlm_generic_payload& payload) { return to_dram->transport_dbg(payload); }
  /// `left` bytes from `cycle` on.
  void show_bytes(std::int64_t cycle, std::int64_t left, const base::Ratio& bandwidth);

  TapContext& context_;
  Waves::Signal request_;
  Waves::Signal request_write_;
  Waves::Signal request_address_;
  Waves::Signal request_bytes_;
  Waves::Signal bus_;
  Waves::Signal bus_write_;
  Waves::Signal bus_bytes_;
};

/// Loader -> weight SRAM. A read is one index; its codes are shown lane by lane, with the faults
/// that changed them.
class WeightReadTap : public WeightSramPort {
 public:
  WeightReadTap(TapContext& context, WeightSram& sram);
  std::uint8_t read(std::int64_t slot, const memory::Access& access) override;
  void write(std::int64_t slot, std::uint8_t code, const memory::Access& access) override;

 private:
  TapContext& context_;
  WeightSram& sram_;
  AccessWaves access_;
  Waves::Signal bank_;
  Waves::Signal row_;
  Waves::Signal faults_;
  Waves::Signal fault_;
  Waves::Signal fault_lane_;
  std::vector<Waves::Signal> lanes_;
  std::int64_t faults_acted_ = 0;  ///< in this cycle
};

/// DMA -> weight SRAM: a block is there when its transfer ends.
class WeightWriteTap : public WeightSramPort {
 public:
  WeightWriteTap(TapContext& context, WeightSram& sram);
  std::uint8_t read(std::int64_t slot, const memory::Access& access) override;
  void write(std::int64_t slot, std::uint8_t code, const memory::Access& access) override;

 private:
  WeightSram& sram_;
  AccessWaves access_;
};

/// DMA or post unit -> activation SRAM.
class ActivationTap : public ActivationSramPort {
 public:
  ActivationTap(TapContext& context, const std::string& client, ActivationSram& sram);
  std::uint8_t read(std::int64_t slot, const memory::Access& access) override;
  bool nonzero(std::int64_t slot, const memory::Access& access) override;
  void write(std::int64_t slot, std::uint8_t pattern, bool nonzero,
             const memory::Access& access) override;

 private:
  ActivationSram& sram_;
  AccessWaves read_;
  AccessWaves write_;
};

/// Loader -> weight registers of the PEs.
class PeWeightsTap : public PeWeightsPort {
 public:
  PeWeightsTap(TapContext& context, PeWeightsPort& weights);
  void load(int set, int row, int slot, const PeWeightRow& weights,
            const memory::Access& access) override;

 private:
  TapContext& context_;
  PeWeightsPort& weights_;
  Waves::Signal load_;
  Waves::Signal set_;
  Waves::Signal row_;
  Waves::Signal slot_;
};

/// The rows of the array: feeders -> array, feeders -> activation SRAM, and the commits of psums
/// from row to row. Column 0 is shown; column c does the same c cycles later.
class RowsTap : public FeederPort, public ActivationSramPort, TokenSource, public CommitStall {
 public:
  RowsTap(TapContext& context, FeederPort& feeders, ActivationSram& sram, CommitStall* stall);

  void begin_pass(schedule::StepId id) override;
  TokenSource& tokens() override;
  std::int32_t bitmap_words(int row) const override;

  std::uint8_t read(std::int64_t slot, const memory::Access& access) override;
  bool nonzero(std::int64_t slot, const memory::Access& access) override;
  void write(std::int64_t slot, std::uint8_t pattern, bool nonzero,
             const memory::Access& access) override;

  bool stalled(int row, std::int64_t edge) override;

 private:
  struct Row {
    Waves::Signal busy, pixel, tokens, bitmap_words, read, address;  // feeder
    Waves::Signal issue, activation, slot, commit, psums;            // array
    std::int64_t pixels_begun = 0;
    std::int64_t psums_waiting = 0;
  };

  PixelWork begin_pixel(int row) override;
  Token issue(int row) override;

  TapContext& context_;
  FeederPort& feeders_;
  ActivationSram& sram_;
  CommitStall* stall_;
  TokenSource* tokens_ = nullptr;
  Waves::Signal pass_rows_;
  Waves::Signal set_;
  Waves::Signal swap_;
  std::vector<Row> rows_;
  std::size_t rows_in_pass_ = 0;
  std::size_t issuing_row_ = 0;
  std::optional<std::int32_t> last_set_;
};

/// Array or post unit -> accumulator SRAM.
class AccumulatorTap : public AccumulatorPort {
 public:
  /// `access` names the client and what it does; `adds`: whether it may add to what is there.
  AccumulatorTap(TapContext& context, const std::string& access, bool adds, AccumulatorPort& sram);
  void write(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes,
             const memory::Access& access) override;
  void add(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes,
           const memory::Access& access) override;
  const std::int32_t* read(std::int64_t entry, std::int64_t lanes,
                           const memory::Access& access) override;
  const std::int32_t* stored(std::int64_t entry) override { return sram_.stored(entry); }

 private:
  TapContext& context_;
  AccumulatorPort& sram_;
  AccessWaves access_;
  std::optional<Waves::Signal> add_;
};

}  // namespace lacuna::systemc

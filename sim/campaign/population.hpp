// What trials are drawn from: a bit error rate's chips, a stratum's sites, or one plan file; each
// for one machine and one network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "memory/fault_kinds.hpp"
#include "memory/memories.hpp"

namespace lacuna::campaign {

/// When a fault is there.
enum class FaultTime : std::uint8_t {
  kPermanent,  ///< from power-up
  kStep,       ///< an upset of the stored bit, at a step drawn uniformly
  kCycle,      ///< the same at a cycle of one batch: a strike
};

/// What happens to a cell, and when.
struct FaultForm {
  memory::FaultKind kind = memory::FaultKind::kFlip;
  FaultTime when = FaultTime::kPermanent;

  /// The kind's name, "upset" or "strike".
  const char* name() const;
  friend bool operator==(const FaultForm& a, const FaultForm& b) {
    return a.kind == b.kind && a.when == b.when;
  }
  /// Flips first, then the other kinds; upsets and strikes last.
  friend bool operator<(const FaultForm& a, const FaultForm& b) { return a.order() < b.order(); }

 private:
  std::tuple<FaultTime, bool, memory::FaultKind> order() const {
    return {when, kind != memory::FaultKind::kFlip, kind};
  }
};
/// All that a campaign may ask for.
std::vector<FaultForm> fault_forms();

/// Which cells a fault at a site strikes: `rows` x `bits` neighbours from the site's cell on, or a
/// whole row (one word), column (one bit of all words of a bank) or bank.
struct Shape {
  enum class Kind : std::uint8_t { kCluster, kRow, kColumn, kBank };
  Kind kind = Kind::kCluster;
  std::int64_t rows = 1;
  std::int64_t bits = 1;

  /// "cell", "2x3", "row", "column" or "bank".
  std::string name() const;
  friend bool operator==(const Shape& a, const Shape& b) {
    return a.kind == b.kind && a.rows == b.rows && a.bits == b.bits;
  }
};

/// What the sites of a stratum have in common; what is -1 or empty may be anything.
struct StratumLabel {
  /// "several": weights of more than one pass through; "none": of none. Of strikes the layer of
  /// the stream that runs then, or is the next; "none": there is no more.
  std::string layer;
  std::int64_t bit = -1;  ///< of a code; kLeftOver where the cell is left over in its word
  std::int64_t bank = -1;
  std::int64_t first_row = -1;
  std::int64_t last_row = -1;

  static constexpr std::int64_t kLeftOver = 1000;
  static constexpr const char* kNoLayer = "none";
  /// "fc1 bit 3", "bank 0 rows 0-255"; "all" where nothing is said.
  std::string describe() const;
};

struct Population {
  enum class Source : std::uint8_t { kMaps, kSites, kFile };
  Source source = Source::kMaps;
  std::size_t machine = 0;  ///< index of Plan::machines
  std::size_t model = 0;    ///< index of Plan::models
  FaultForm form;
  double rate = 0;                                          ///< maps: of faulty cells
  Shape shape;                                              ///< sites
  memory::MemoryId memory = memory::MemoryId::kWeightSram;  ///< sites
  StratumLabel label;                                       ///< sites
  std::string file;                                         ///< file
  /// How many there are, of strikes cells x cycles; 0 where there is no end of them (maps).
  std::int64_t sites = 0;
  /// Cells x cycles that are masked for certain, and of which none is drawn.
  std::int64_t outside = 0;
  std::int64_t cells = 0;        ///< of strikes: of the stratum; not known of older stores
  std::int64_t first = 0;        ///< draws that are run in any case
  std::int64_t most = 0;         ///< draws that the stop rule may ask for
  std::int64_t first_trial = 0;  ///< trial of draw 0; draw d is trial first_trial + d

  /// What a share of the draws is to be multiplied by, to be one of all.
  double candidate_share() const {
    const double all = static_cast<double>(sites) + static_cast<double>(outside);
    return outside == 0 || all == 0 ? 1 : static_cast<double>(sites) / all;
  }
  /// Strikes are drawn with replacement, sites without.
  bool with_replacement() const { return form.when == FaultTime::kCycle; }
  /// For intervals: the sites that a sample without replacement is of.
  std::optional<std::int64_t> finite_sites() const {
    return with_replacement() ? std::nullopt : std::optional(sites);
  }
};

const char* source_name(Population::Source source);

}  // namespace lacuna::campaign

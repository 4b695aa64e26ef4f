// Where an image's difference from the fault-free run ended: how far a fault came, and in which
// layer. Declared once, for engines, stores and reports.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lacuna::measure {

/// In the order in which a fault passes them: an image has the first that applies.
enum class FateStage : std::uint8_t {
  kNeverRead,
  kOverwritten,
  kNoSumDiffers,
  kCodesEqual,
  kPooledEqual,
  kLaterMapEqual,
  kLogitsEqual,
  kTop1Equal,
  kTop1Changed
};

struct FateStageName {
  FateStage stage;
  const char* key;      ///< in stores and CSV files
  const char* name;     ///< for people
  const char* column;   ///< the same, short: the head of a table's column
  const char* meaning;  ///< of an image
};

/// In the order of FateStage.
inline constexpr std::array kFateStages{
    FateStageName{FateStage::kNeverRead, "never_read", "never read", "unread",
                  "no read for the image answered otherwise"},
    FateStageName{FateStage::kOverwritten, "overwritten", "overwritten", "overwr.",
                  "the same, and a write removed the upset first"},
    FateStageName{FateStage::kNoSumDiffers, "no_sum_differs", "no sum differs", "sums",
                  "it was read in a layer whose sums are the fault-free ones"},
    FateStageName{FateStage::kCodesEqual, "codes_equal", "codes equal", "codes",
                  "sums differ, and what is made of them is the same: rounding, clamping"},
    FateStageName{FateStage::kPooledEqual, "pooled_equal", "pooled equal", "pooled",
                  "codes differ, and pooling them gives the same"},
    FateStageName{FateStage::kLaterMapEqual, "later_map_equal", "later map equal", "map",
                  "a map differs, and what a later layer writes is the same"},
    FateStageName{FateStage::kLogitsEqual, "logits_equal", "logits equal", "outputs",
                  "a map differs, and the outputs that are computed from it are the same"},
    FateStageName{FateStage::kTop1Equal, "top1_equal", "top-1 equal", "top-1",
                  "outputs differ, and the class is the same"},
    FateStageName{FateStage::kTop1Changed, "top1_changed", "top-1 changed", "changed",
                  "the class differs"},
};
inline constexpr std::size_t kFateStageCount = kFateStages.size();

constexpr std::size_t index_of(FateStage stage) { return static_cast<std::size_t>(stage); }
constexpr const FateStageName& fate_stage(FateStage stage) { return kFateStages[index_of(stage)]; }

/// Of one image.
struct Fate {
  static constexpr std::int32_t kNoLayer = -1;

  FateStage stage = FateStage::kNeverRead;
  /// Of the network: the one that gave the fault-free values again; where outputs differ, that of
  /// the last such output; kNoLayer where nothing was read.
  std::int32_t layer = kNoLayer;

  friend bool operator==(const Fate& a, const Fate& b) {
    return a.stage == b.stage && a.layer == b.layer;
  }
};

}  // namespace lacuna::measure

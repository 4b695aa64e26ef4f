// A campaign's plan, read from a YAML file: machines x networks x faults. docs/formats.md has the
// format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "campaign/population.hpp"
#include "config/document.hpp"
#include "fault/sampler.hpp"

namespace lacuna::campaign {

/// Random fault maps: every kind x every rate. Chip i has the same seed for
/// every machine, network, kind and rate, so differences are paired, and a higher rate contains a
/// lower one.
struct MapPlan {
  std::vector<FaultForm> forms;
  std::vector<double> rates;
  /// A memory that is struck, at a rate of its own or at each of `rates`.
  struct Memory {
    memory::MemoryId id = memory::MemoryId::kWeightSram;
    std::optional<double> rate;
  };
  std::vector<Memory> memories;      ///< all at once
  std::int64_t maps = 0;             ///< at least
  std::int64_t most = 0;             ///< at most; as `maps` without a half-width
  std::optional<double> half_width;  ///< asked of the accuracy's interval, in units of accuracy

  /// What is drawn at one of `rates`.
  std::vector<fault::MemoryRate> at(double rate) const;
};

enum class StratumKey : std::uint8_t { kLayer, kBit, kBank, kRow };

/// A part of the sites; what is left out is all of it.
struct SiteScope {
  std::vector<std::string> layers;
  std::optional<std::vector<config::IntegerRange>> bits;  ///< of codes, without `msb`
  bool msb = false;                                       ///< the highest bit of a code, too
  std::optional<std::vector<config::IntegerRange>> banks;
  std::optional<std::vector<config::IntegerRange>> rows;
};

/// Faults at single sites: every memory x every kind x every shape, each stratum with a sample of
/// its own.
struct SitePlan {
  enum class Sites : std::uint8_t {
    kCells,    ///< every cell of the memories
    kWeights,  ///< every bit of every weight: struck are all cells that ever hold it
  };
  std::vector<FaultForm> forms;
  std::vector<memory::MemoryId> memories;
  std::vector<Shape> shapes;
  Sites sites = Sites::kCells;
  std::vector<StratumKey> strata;
  SiteScope scope;
  std::optional<config::IntegerRange> cycles;  ///< of strikes: these only
  /// What a soft error is: changed answers, sums of outputs, or cycles.
  enum class Outcome : std::uint8_t { kAnswers, kOutputs, kCycles };
  Outcome outcome = Outcome::kAnswers;
  std::optional<double> fit_per_mbit;  ///< raw upsets of 2^20 cells in 10^9 hours
  bool candidates = false;             ///< of strikes: no others are drawn (Candidates)
  std::int64_t row_groups = 8;  ///< that the rows of a bank are cut into, where rows are strata
  bool exhaustive = false;
  std::int64_t samples = 0;          ///< of a stratum, at least
  std::int64_t most = 0;             ///< at most; as `samples` without a half-width
  std::optional<double> half_width;  ///< asked of the share of critical faults, of each stratum
  double critical_share = 0;  ///< critical: top-1 changes in more than this share of the images

  bool strikes() const { return !forms.empty() && forms.front().when == FaultTime::kCycle; }
  bool has(StratumKey key) const;
};

/// Networks that are compared on the same maps, pair by pair: first[i] - second[i]. Where there are
/// several pairs they are repetitions (training seeds), and the pair is a sampling unit, too.
struct Contrast {
  std::string name;
  std::vector<std::size_t> first;  ///< indices of Plan::models
  std::vector<std::size_t> second;
};

struct Plan {
  std::string name;
  std::vector<std::string> machines;  ///< hardware files
  std::vector<std::string> models;    ///< model folders or .onnx files
  std::string data;                   ///< folder of IDX test images
  std::int64_t images = 0;            ///< the first of the test set
  std::int64_t batch = 1;
  std::uint64_t seed = 1;
  double confidence = 0.95;
  std::int64_t seconds_a_trial = 600;  ///< a trial that takes longer is an outcome of its own
  std::optional<std::int64_t> deadline_cycles;  ///< a batch that takes more is late
  std::optional<MapPlan> maps;
  std::optional<SitePlan> sites;
  std::vector<Contrast> contrasts;  ///< of maps; every model against the first if none are named
  std::vector<std::string> fault_files;  ///< fault plans (.yaml) and measured maps (.csv)

  std::string text;    ///< the file, as read
  std::string sha256;  ///< of it
};

/// Most trials of a campaign.
inline constexpr std::int64_t kMaxTrials = 100'000'000;

/// Throws base::InputError with file, line and key. Paths are as written, relative to where the
/// program runs; the files that they name are noted as inputs (base::note_input).
Plan load_plan(const std::string& path);
Plan parse_plan(const std::string& name, const std::string& text);
Plan read_plan(const config::Document& document);
/// Notes the files that a plan names as inputs, relative to `folder`, or with "" to where the
/// program runs.
void note_named(const Plan& plan, const std::string& folder);

}  // namespace lacuna::campaign

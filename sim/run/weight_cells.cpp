#include "run/weight_cells.hpp"

#include <utility>

#include "schedule/residency.hpp"

namespace lacuna::run {

struct JobWeightCells::Maps {
  struct OfPart {
    schedule::ResidencyMap full;
    std::optional<schedule::ResidencyMap> remainder;
  };
  std::vector<OfPart> parts;  ///< one a part of the job
};

JobWeightCells::JobWeightCells(const Job& job) : job_(job), maps_(std::make_unique<Maps>()) {
  for (const Part& part : job.parts) {
    Maps::OfPart maps{{*part.schedule, part.network, job.spec}, std::nullopt};
    if (part.remainder) maps.remainder.emplace(*part.remainder, part.network, job.spec);
    maps_->parts.push_back(std::move(maps));
  }
}

JobWeightCells::~JobWeightCells() = default;

std::optional<JobWeightCells::Place> JobWeightCells::find(const std::string& layer) const {
  for (std::size_t part = 0; part < job_.parts.size(); ++part) {
    const std::vector<network::Layer>& layers = job_.parts[part].network.layers;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (layers[i].is_gemm() && layers[i].name == layer) {
        return Place{part, static_cast<std::int32_t>(i)};
      }
    }
  }
  return std::nullopt;
}

std::vector<std::string> JobWeightCells::layers() const {
  std::vector<std::string> names;
  for (const Part& part : job_.parts) {
    for (const network::Layer& layer : part.network.layers) {
      if (layer.is_gemm()) names.push_back(layer.name);
    }
  }
  return names;
}

std::optional<fault::WeightShape> JobWeightCells::shape(const std::string& layer) const {
  const auto place = find(layer);
  if (!place) return std::nullopt;
  const network::Layer& found =
      job_.parts[place->part].network.layers[static_cast<std::size_t>(place->layer)];
  return fault::WeightShape{found.out.channels, found.window.kernel_h, found.window.kernel_w,
                            found.group_in(), job_.spec.precision.weight_bits};
}

void JobWeightCells::append_cells(const std::string& layer, const fault::WeightIndex& index,
                                  int bit, std::int64_t step,
                                  std::vector<memory::CellPosition>* cells) const {
  const auto place = find(layer);
  if (!place) return;
  const schedule::WeightIndex weight{place->layer, index.out, index.ky, index.kx, index.in};
  const auto append = [&](const schedule::ResidencyMap& map, std::int64_t first_step) {
    for (const schedule::WeightStay& held : map.stays(weight)) {
      const std::int64_t from = first_step + held.stay.from;
      const std::int64_t until = first_step + held.stay.until;
      if (step == memory::kPermanent || (from < step && step <= until)) {
        memory::CellPosition cell = held.first_cell;
        cell.bit += bit;
        cells->push_back(cell);
      }
    }
  };
  const Maps::OfPart& maps = maps_->parts[place->part];
  append(maps.full, job_.parts[place->part].step_offset);
  // A smaller last batch may lie elsewhere; faults at a step are refused there (check_plan).
  if (step == memory::kPermanent && maps.remainder) append(*maps.remainder, 0);
}

}  // namespace lacuna::run

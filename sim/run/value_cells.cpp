#include "run/value_cells.hpp"

#include "schedule/activation_residency.hpp"

namespace lacuna::run {

struct JobValueCells::Maps {
  /// Of one schedule.
  struct OfBatch {
    OfBatch(const schedule::Schedule& schedule, const network::Network& network,
            const arch::AcceleratorSpec& spec)
        : images(schedule.batch),
          codes(schedule, network, spec, memory::MemoryId::kActivationSram),
          bitmap(schedule, network, spec, memory::MemoryId::kActivationBitmap) {}

    std::int64_t images;
    schedule::ActivationResidency codes;
    schedule::ActivationResidency bitmap;
  };
  std::vector<std::vector<OfBatch>> parts;  ///< one a part of the job, with its schedules
};

JobValueCells::JobValueCells(const Job& job) : job_(job), maps_(std::make_unique<Maps>()) {
  for (const Part& part : job.parts) {
    auto& own = maps_->parts.emplace_back();
    own.emplace_back(*part.schedule, part.network, job.spec);
    if (part.remainder) own.emplace_back(*part.remainder, part.network, job.spec);
  }
}

JobValueCells::~JobValueCells() = default;

std::optional<JobValueCells::Place> JobValueCells::find(const std::string& layer) const {
  for (std::size_t part = 0; part < job_.parts.size(); ++part) {
    for (const network::Layer& own : job_.parts[part].network.layers) {
      if (own.name == layer) return Place{part, own.input()};
    }
  }
  return std::nullopt;
}

std::vector<std::string> JobValueCells::layers() const {
  std::vector<std::string> names;
  for (const Part& part : job_.parts) {
    for (const network::Layer& layer : part.network.layers) names.push_back(layer.name);
  }
  return names;
}

std::optional<fault::ValueShape> JobValueCells::shape(const std::string& layer) const {
  const auto place = find(layer);
  if (!place) return std::nullopt;
  const network::MapShape& shape = job_.parts[place->part].network.map(place->map).shape;
  return fault::ValueShape{shape.channels, shape.height, shape.width,
                           job_.spec.precision.activation_bits};
}

void JobValueCells::append_cells(const std::string& layer, const fault::ValueIndex& index, int bit,
                                 bool bitmap, std::vector<memory::CellPosition>* cells) const {
  const auto place = find(layer);
  if (!place) return;
  for (const Maps::OfBatch& batch : maps_->parts[place->part]) {
    const schedule::ActivationResidency& map = bitmap ? batch.bitmap : batch.codes;
    for (std::int64_t image = 0; image < batch.images; ++image) {
      for (const schedule::ValueHome& home :
           map.homes({place->map, image, index.channel, index.y, index.x})) {
        memory::CellPosition cell = home.first_cell;
        cell.bit += bit;
        cells->push_back(cell);
      }
    }
  }
}

}  // namespace lacuna::run

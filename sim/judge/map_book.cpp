#include "judge/map_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "judge/capacity.hpp"

namespace lacuna::judge {
namespace {

arch::Limit capacity_slots(const arch::AcceleratorSpec& spec) {
  const arch::ActivationSramSpec& sram = spec.activation_sram;
  const arch::Limit words = capacity_words(sram.capacity_bytes, sram.word_bits);
  if (!words) return std::nullopt;
  return *words *
         arch::AcceleratorSpec::values_per_word(sram.word_bits, spec.precision.activation_bits);
}

std::string channels_name(const network::ChannelSlice& channels) {
  return interval_name(channels.begin, channels.begin + channels.count);
}

}  // namespace

MapBook::MapBook(const schedule::Schedule& schedule, const network::Network& network,
                 const arch::AcceleratorSpec& spec, const EndClocks& clocks, Violations& violations)
    : schedule_(schedule),
      network_(network),
      clocks_(clocks),
      violations_(violations),
      spec_(spec),
      slot_limit_(capacity_slots(spec)),
      slices_(network.maps.size()),
      slots_({"activation SRAM slot", step_namer(),
              [this](std::int64_t key, std::int64_t value) { return slot_data_name(key, value); }},
             clocks, violations) {
  for (std::int32_t map = 0; static_cast<std::size_t>(map) < network.maps.size(); ++map) {
    const schedule::MapView view = schedule::map_view(network, spec, map);
    dense_.push_back(
        {map, view.channels(), view.shape.width * view.shape.channels * view.value_slots});
  }
  if (!slices_.empty()) slices_[0] = {dense_[0].channels};
  for (const network::Layer& layer : network.layers) {
    if (layer.output == network::kNoMap) continue;
    slices_[static_cast<std::size_t>(layer.output)].push_back(
        {layer.output_channel, layer.out.channels});
  }
  violations_.require(!slot_limit_ || schedule_.activation_slots <= *slot_limit_, [&] {
    return fmt::format("the schedule declares {} activation SRAM slots of {}",
                       schedule_.activation_slots, *slot_limit_);
  });
}

std::function<std::string(schedule::StepId)> MapBook::step_namer() const {
  return [this](schedule::StepId id) { return name(id); };
}

std::string MapBook::slot_data_name(std::int64_t key, std::int64_t value) const {
  const Dense& dense = dense_[static_cast<std::size_t>(key)];
  const network::MapShape& shape = network_.map(dense.map).shape;
  const std::int64_t row = value / dense.row_slots;
  std::string name = fmt::format("row {} of image {} of map {}", row % shape.height,
                                 row / shape.height, dense.map);
  if (dense.channels.count == shape.channels) return name;
  return fmt::format("channels {} of {}", channels_name(dense.channels), name);
}

// Few keys: a slice that lies alone is one of a writer's.
std::int64_t MapBook::key_of(const schedule::Region& region, const schedule::MapView& view) {
  if (region.channel_count == view.shape.channels) return region.map;
  for (std::size_t key = network_.maps.size(); key < dense_.size(); ++key) {
    const Dense& dense = dense_[key];
    if (dense.map == region.map && dense.channels.begin == region.channel_begin &&
        dense.channels.count == region.channel_count) {
      return static_cast<std::int64_t>(key);
    }
  }
  dense_.push_back({region.map,
                    {region.channel_begin, region.channel_count},
                    view.shape.width * region.channel_count * view.value_slots});
  return static_cast<std::int64_t>(dense_.size()) - 1;
}

std::optional<MapBook::Access> MapBook::find_slots(schedule::StepId id, std::int32_t index,
                                                   const schedule::MapView& view,
                                                   const std::vector<schedule::ImageRows>& rows,
                                                   const network::ChannelSlice& channels) {
  const schedule::Region& r = schedule_.regions[static_cast<std::size_t>(index)];
  const std::string fault = schedule::region_fault(r, view);
  const bool fits = r.base + r.slots <= schedule_.activation_slots &&
                    (!slot_limit_ || r.base + r.slots <= *slot_limit_);
  if (!fault.empty() || !fits) {
    violations_.add(fault.empty()
                        ? fmt::format("{}: region {} takes slots {} + {}, the schedule declares "
                                      "{}, the memory has {}",
                                      name(id), index, r.base, r.slots, schedule_.activation_slots,
                                      slot_limit_ ? fmt::format("{}", *slot_limit_) : "no limit")
                        : fmt::format("{}: region {} {}", name(id), index, fault));
    return std::nullopt;
  }
  if (channels.begin < r.channel_begin ||
      channels.begin + channels.count > r.channel_begin + r.channel_count) {
    violations_.add(fmt::format(
        "{}: region {} (channels {} of map {}) does not contain channels {}", name(id), index,
        channels_name({r.channel_begin, r.channel_count}), view.map, channels_name(channels)));
    return std::nullopt;
  }
  std::optional<std::vector<schedule::CellRun>> runs = schedule::slots_of(rows, r, view);
  if (!runs) {
    violations_.add(fmt::format("{}: region {} (images {}, rows {}) does not contain {}", name(id),
                                index, interval_name(r.image_begin, r.image_begin + r.image_count),
                                interval_name(r.row_begin, r.row_begin + r.row_count),
                                rows_name(rows, view)));
    return std::nullopt;
  }
  const std::int64_t key = key_of(r, view);
  for (schedule::CellRun& run : *runs) run.key = key;
  const std::int64_t begin = channels.begin - r.channel_begin;
  return Access{std::move(*runs), {begin, begin + channels.count, r.channel_count}};
}

std::string MapBook::rows_name(const std::vector<schedule::ImageRows>& rows,
                               const schedule::MapView& view) const {
  return fmt::format("rows {} of image {} to row {} of image {} of map {}",
                     interval_name(rows.front().begin, rows.front().end), rows.front().image,
                     rows.back().end - 1, rows.back().image, view.map);
}

void MapBook::read_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                        const std::vector<schedule::ImageRows>& rows,
                        const network::ChannelSlice& channels, schedule::Resource resource) {
  const auto access = find_slots(id, index, view, rows, channels);
  if (!access) return;
  for (const schedule::CellRun& run : access->runs) slots_.read(run, access->share, id, resource);
}

void MapBook::write_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                         const std::vector<schedule::ImageRows>& rows,
                         const network::ChannelSlice& channels, schedule::Resource resource) {
  const auto access = find_slots(id, index, view, rows, channels);
  if (!access) return;
  for (const schedule::CellRun& run : access->runs) slots_.write(run, access->share, id, resource);
}

// The network's input, map 0, is there from the beginning.
Contents& MapBook::dram_copy(const schedule::MapView& view, const network::ChannelSlice& slice) {
  const std::pair<std::int32_t, std::int64_t> key{view.map, slice.begin};
  const auto found = dram_.find(key);
  if (found != dram_.end()) return found->second;
  const std::int64_t height = view.shape.height;
  const std::string part = slice.count == view.shape.channels
                               ? std::string()
                               : fmt::format("channels {} of ", channels_name(slice));
  Contents::Names names{fmt::format("DRAM, {}map {}, row", part, view.map), step_namer(),
                        [height, part](std::int64_t map, std::int64_t row) {
                          return fmt::format("{}row {} of image {} of map {}", part, row % height,
                                             row / height, map);
                        }};
  Contents& copy =
      dram_.emplace(key, Contents(std::move(names), clocks_, violations_)).first->second;
  if (view.map == 0) copy.preload({0, height * schedule_.batch, view.map, 0}, true);
  return copy;
}

void MapBook::finish() {
  for (const network::Output& output : network_.outputs) {
    if (output.map == network::kNoMap) continue;
    const schedule::MapView view = schedule::map_view(network_, spec_, output.map);
    const std::int64_t height = view.shape.height;
    for (const network::ChannelSlice& slice : slices_[static_cast<std::size_t>(output.map)]) {
      const auto missing =
          dram_copy(view, slice).first_missing({0, height * schedule_.batch, view.map, 0});
      violations_.require(!missing, [&] {
        return fmt::format(
            "row {} of image {} of map {} (channels {}), an output, is not in DRAM in the end",
            *missing % height, *missing / height, view.map, channels_name(slice));
      });
    }
  }
}

void MapBook::transfer(schedule::StepId id, bool load) {
  const schedule::Step& s = schedule_.steps[static_cast<std::size_t>(id)];
  const network::Layer& l = network_.layers[static_cast<std::size_t>(s.layer)];
  const bool residual = load && l.residual() >= 0 && s.rows.map == l.residual();
  const schedule::MapView view = load && !residual
                                     ? schedule::input_view(network_, spec_, s.layer)
                                     : schedule::map_view(network_, spec_, s.rows.map);
  if (view.map != s.rows.map || s.rows.row_count > view.shape.height - s.rows.row_begin) {
    violations_.add(fmt::format("{} moves rows {} + {} of map {}; map {} has {} rows", name(id),
                                s.rows.row_begin, s.rows.row_count, s.rows.map, view.map,
                                view.shape.height));
    return;
  }
  violations_.require(s.rows.image_count == 1 || s.rows.row_count == view.shape.height, [&] {
    return name(id) + " moves parts of several images, which are not contiguous in DRAM";
  });
  const network::ChannelSlice slice{s.rows.channel_begin, s.rows.channel_count};
  const auto& slices = slices_[static_cast<std::size_t>(view.map)];
  const bool is_slice = std::any_of(slices.begin(), slices.end(), [&](const auto& own) {
    return own.begin == slice.begin && own.count == slice.count;
  });
  if (!violations_.require(is_slice, [&] {
        return fmt::format("{} moves channels {} of map {}, which no layer writes so", name(id),
                           channels_name(slice), view.map);
      })) {
    return;
  }
  const std::vector<schedule::ImageRows> rows = schedule::transfer_rows(s.rows);
  const std::int64_t first = s.rows.image_begin * view.shape.height + s.rows.row_begin;
  const schedule::CellRun run{first, s.rows.image_count * s.rows.row_count, view.map, first};
  if (load) {
    dram_copy(view, slice).read(run, Share{}, id, schedule::Resource::kDma);
    write_rows(id, s.output, view, rows, slice, schedule::Resource::kDma);
  } else {
    read_rows(id, s.input, view, rows, slice, schedule::Resource::kDma);
    dram_copy(view, slice).write(run, Share{}, id, schedule::Resource::kDma);
  }
}

}  // namespace lacuna::judge

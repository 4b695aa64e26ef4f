#include "schedule/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/units.hpp"

namespace lacuna::schedule {

MapView map_view(const network::Network& network, const arch::AcceleratorSpec& spec,
                 std::int32_t map) {
  return {map, network.map(map).shape, slots_per_value(network.map(map), spec)};
}

MapView input_view(const network::Network& network, const arch::AcceleratorSpec& spec,
                   std::int32_t layer) {
  return map_view(network, spec, network.layers[static_cast<std::size_t>(layer)].input());
}

std::vector<ImageRows> output_rows(const PixelRange& range, std::int64_t height) {
  std::vector<ImageRows> rows;
  const std::int64_t end = range.row_begin + range.row_count;
  for (std::int64_t row = range.row_begin; row < end;) {
    const std::int64_t image = row / height;
    const std::int64_t stop = std::min(end, (image + 1) * height);
    rows.push_back({image, row - image * height, stop - image * height});
    row = stop;
  }
  return rows;
}

namespace {

/// Rows of the input that some window over output rows [begin, end) touches, as few runs.
std::vector<ImageRows> touched_rows(const ImageRows& r, const network::Layer& layer) {
  const network::Window& w = layer.window;
  const bool resizes = layer.kind == network::LayerKind::kResize;
  if (!resizes && w.stride_h <= w.kernel_h && w.dilation_h == 1 && w.insert_h == 1) {
    // One window begins where, or before, the last one ends.
    const ImageRows run{
        r.image, std::max<std::int64_t>(r.begin * w.stride_h - w.pad_top, 0),
        std::min((r.end - 1) * w.stride_h - w.pad_top + w.kernel_h, layer.in.height)};
    return run.begin < run.end ? std::vector<ImageRows>{run} : std::vector<ImageRows>{};
  }
  std::set<std::int64_t> touched;
  for (std::int64_t y = r.begin; y < r.end; ++y) {
    if (resizes) {
      const network::Sample& sample = layer.sample_rows[static_cast<std::size_t>(y)];
      touched.insert({sample.first, sample.second});
      continue;
    }
    for (int ky = 0; ky < w.kernel_h; ++ky) {
      const std::int64_t row = w.input_row(y, ky, layer.in.height);
      if (row >= 0) touched.insert(row);
    }
  }
  std::vector<ImageRows> runs;
  for (const std::int64_t row : touched) {
    if (runs.empty() || runs.back().end != row) runs.push_back({r.image, row, row});
    ++runs.back().end;
  }
  return runs;
}

}  // namespace

std::vector<ImageRows> window_rows(const std::vector<ImageRows>& rows,
                                   const network::Layer& layer) {
  if (layer.kind == network::LayerKind::kElementwise) return rows;
  std::vector<ImageRows> needed;
  for (const ImageRows& r : rows) {
    const std::vector<ImageRows> runs = touched_rows(r, layer);
    needed.insert(needed.end(), runs.begin(), runs.end());
  }
  return needed;
}

std::vector<ImageRows> second_rows(const std::vector<ImageRows>& rows, std::int64_t height) {
  std::vector<ImageRows> needed = rows;
  if (height > 1) return needed;
  for (ImageRows& r : needed) {
    r.begin = 0;
    r.end = 1;
  }
  return needed;
}

std::optional<std::vector<ImageRows>> pooled_rows(const std::vector<ImageRows>& rows,
                                                  const network::Layer& pool) {
  std::vector<ImageRows> pooled;
  const std::int64_t kernel = pool.window.kernel_h;
  for (const ImageRows& r : rows) {
    if (r.begin % kernel != 0) return std::nullopt;
    if (r.end % kernel != 0 && r.end != pool.in.height) return std::nullopt;
    const ImageRows out{r.image, r.begin / kernel, r.end / kernel};
    if (out.begin < out.end) pooled.push_back(out);
  }
  return pooled;
}

std::vector<ImageRows> region_rows(const Region& region) {
  std::vector<ImageRows> rows;
  for (std::int64_t i = 0; i < region.image_count; ++i) {
    rows.push_back({region.image_begin + i, region.row_begin, region.row_begin + region.row_count});
  }
  return rows;
}

std::vector<ImageRows> transfer_rows(const MapRows& rows) {
  std::vector<ImageRows> list;
  for (std::int64_t i = 0; i < rows.image_count; ++i) {
    list.push_back({rows.image_begin + i, rows.row_begin, rows.row_begin + rows.row_count});
  }
  return list;
}

std::string region_fault(const Region& region, const MapView& view) {
  if (region.map != view.map) {
    return fmt::format("is of map {} instead of {}", region.map, view.map);
  }
  if (region.row_count > view.shape.height - region.row_begin) {
    return fmt::format("has rows {} + {} of a map of {}", region.row_begin, region.row_count,
                       view.shape.height);
  }
  const std::int64_t values =
      region.image_count * region.row_count * view.shape.width * region.channel_count;
  if (region.slots != values * view.value_slots) {
    return fmt::format("has {} slots for {} values{}", region.slots, values,
                       view.value_slots == 1 ? "" : fmt::format(" of {}", view.value_slots));
  }
  return "";
}

std::optional<CellRun> slots_of(const ImageRows& rows, const Region& region, const MapView& view) {
  if (rows.image < region.image_begin || rows.image >= region.image_begin + region.image_count ||
      rows.begin < region.row_begin || rows.end > region.row_begin + region.row_count) {
    return std::nullopt;
  }
  const std::int64_t row_size = view.shape.width * region.channel_count * view.value_slots;
  const std::int64_t first =
      (rows.image - region.image_begin) * region.row_count + (rows.begin - region.row_begin);
  return CellRun{region.base + first * row_size, (rows.end - rows.begin) * row_size, view.map,
                 (rows.image * view.shape.height + rows.begin) * row_size};
}

std::optional<std::vector<CellRun>> slots_of(const std::vector<ImageRows>& rows,
                                             const Region& region, const MapView& view) {
  std::vector<CellRun> runs;
  for (const ImageRows& r : rows) {
    const std::optional<CellRun> run = slots_of(r, region, view);
    if (!run) return std::nullopt;
    const bool joins = !runs.empty() && runs.back().begin + runs.back().count == run->begin &&
                       runs.back().value + runs.back().count == run->value;
    if (joins) {
      runs.back().count += run->count;
    } else {
      runs.push_back(*run);
    }
  }
  return runs;
}

std::optional<std::int64_t> slot_of(const MapValue& value, const Region& region,
                                    const MapView& view) {
  const std::int64_t channel = value.channel - region.channel_begin;
  if (value.map != region.map || channel < 0 || channel >= region.channel_count || value.x < 0 ||
      value.x >= view.shape.width) {
    return std::nullopt;
  }
  const auto row = slots_of(ImageRows{value.image, value.y, value.y + 1}, region, view);
  if (!row) return std::nullopt;
  return row->begin + (value.x * region.channel_count + channel) * view.value_slots;
}

SlotPlace place_of_slot(std::int64_t slot, const Region& region, const MapView& view) {
  const std::int64_t offset = slot - region.base;
  const std::int64_t value = offset / view.value_slots;
  const std::int64_t pixel = value / region.channel_count;
  const std::int64_t row = pixel / view.shape.width;
  return {{view.map, region.image_begin + row / region.row_count,
           region.channel_begin + value % region.channel_count,
           region.row_begin + row % region.row_count, pixel % view.shape.width},
          offset % view.value_slots};
}

}  // namespace lacuna::schedule

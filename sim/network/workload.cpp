#include "network/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "base/sha256.hpp"
#include "base/units.hpp"
#include "network/limits.hpp"
#include "network/workload_table.hpp"

namespace lacuna::network {
namespace {

constexpr std::size_t kMaxLayers = 65536;
int as_int(std::int64_t value) { return static_cast<int>(value); }

Layer gemm_layer(const WorkloadTable& table) {
  const std::int64_t m = table.integer("M", 1, kMaxSize, 1);
  const std::int64_t n = table.integer("N", 1, kMaxSize, 1);
  const std::int64_t k = table.integer("K", 1, kMaxSize, 1);
  Layer layer;
  layer.in = {m, 1, k};
  layer.out = {m, 1, n};
  return layer;
}

// SCALE-Sim's output side: ceil((in - kernel + stride) / stride).
std::int64_t scalesim_side(std::int64_t in, std::int64_t kernel, std::int64_t stride) {
  return base::ceil_div(in - kernel + stride, stride);
}

Layer convolution_layer(const WorkloadTable& table) {
  Layer layer;
  layer.in = {table.integer("in_h", 1, kMaxSize, 1), table.integer("in_w", 1, kMaxSize, 1),
              table.integer("in_channels", 1, kMaxSize, 1)};
  layer.out.channels = table.integer("out_channels", 1, kMaxSize, 1);
  layer.groups = as_int(table.integer("groups", 1, kMaxSize, 1));
  Window& window = layer.window;
  window.kernel_h = as_int(table.integer("kernel_h", 1, kMaxDimension, 1));
  window.kernel_w = as_int(table.integer("kernel_w", 1, kMaxDimension, 1));
  const std::int64_t stride = table.integer("stride", 1, kMaxDimension, 1);
  window.stride_h = as_int(table.integer("stride_h", 1, kMaxDimension, stride));
  window.stride_w = as_int(table.integer("stride_w", 1, kMaxDimension, stride));
  const std::int64_t dilation = table.integer("dilation", 1, kMaxDimension, 1);
  window.dilation_h = as_int(table.integer("dilation_h", 1, kMaxDimension, dilation));
  window.dilation_w = as_int(table.integer("dilation_w", 1, kMaxDimension, dilation));
  const std::int64_t padding = table.integer("padding", 0, kMaxDimension, 0);
  const std::int64_t high = (window.kernel_h - 1) * std::int64_t{window.dilation_h} + 1;
  const std::int64_t wide = (window.kernel_w - 1) * std::int64_t{window.dilation_w} + 1;
  const auto pad = [&](const char* column, std::int64_t kernel) {
    const std::int64_t own = table.integer(column, 0, kMaxDimension, padding);
    if (own < kernel) return as_int(own);
    if (table.has("padding")) {
      table.fail("padding", fmt::format("is {}", padding),
                 fmt::format("less than the kernel, which covers {} x {}; pad_top, "
                             "pad_left, pad_bottom and pad_right say each side's own",
                             high, wide));
    }
    table.fail(column, fmt::format("is {}", own),
               fmt::format("less than the kernel, which covers {}", kernel));
  };
  window.pad_top = pad("pad_top", high);
  window.pad_bottom = pad("pad_bottom", high);
  window.pad_left = pad("pad_left", wide);
  window.pad_right = pad("pad_right", wide);
  if (layer.in.channels % layer.groups != 0 || layer.out.channels % layer.groups != 0) {
    table.fail("groups", fmt::format("is {}", layer.groups),
               fmt::format("a divisor of {} input and {} output channels", layer.in.channels,
                           layer.out.channels));
  }
  const auto check_kernel = [&](const char* column, int taps, std::int64_t kernel,
                                std::int64_t padded) {
    if (kernel <= padded) return;
    table.fail(
        column,
        fmt::format("is {}", taps) + (kernel == taps ? "" : fmt::format(", dilated {}", kernel)),
        fmt::format("at most {}, the padded input", padded));
  };
  check_kernel("kernel_h", window.kernel_h, high,
               layer.in.height + window.pad_top + window.pad_bottom);
  check_kernel("kernel_w", window.kernel_w, wide,
               layer.in.width + window.pad_left + window.pad_right);
  if (table.scalesim()) {
    const std::int64_t rows = scalesim_side(layer.in.height, high, window.stride_h);
    const std::int64_t columns = scalesim_side(layer.in.width, wide, window.stride_w);
    window.pad_bottom = as_int((rows - 1) * window.stride_h + high - layer.in.height);
    window.pad_right = as_int((columns - 1) * window.stride_w + wide - layer.in.width);
  }
  layer.out.height =
      output_side(layer.in.height, window.pad_top + window.pad_bottom, high, window.stride_h);
  layer.out.width =
      output_side(layer.in.width, window.pad_left + window.pad_right, wide, window.stride_w);
  return layer;
}

std::string sizes_text(const Layer& layer) {
  return fmt::format("has M {}, N {}, K {} in {} groups", layer.m(), layer.n(), layer.k(),
                     layer.groups);
}

// So that counts of a batch fit 63 bits.
void check_bounds(const WorkloadTable& table, const Layer& layer) {
  constexpr std::int64_t kMost = std::int64_t{1} << 50;
  const auto within = [](const std::vector<std::int64_t>& factors) {
    return bounded_product(factors, kMost).has_value();
  };
  const MapShape& in = layer.in;
  const MapShape& out = layer.out;
  if (in.height < 1 || out.height < 1 || out.width < 1 ||
      !within({in.height, in.width, in.channels}) ||
      !within({out.height, out.width, layer.window.kernel_h, layer.window.kernel_w,
               layer.group_in(), out.channels})) {
    table.fail("layer", sizes_text(layer), "at most 2^50 input values, and as many products");
  }
}

/// Names that are taken, each with the number that its next namesake gets.
using Names = std::unordered_map<std::string, int>;

/// The row's name; one that another layer has is numbered, "conv (2)".
std::string unused_name(const WorkloadTable& table, Names& names) {
  const std::string& name = *table.field("layer");
  if (!is_plain_name(name)) {
    table.fail("layer", "is " + base::shown(name), "1 to 200 printable ASCII characters");
  }
  std::string own = name;
  while (!names.emplace(own, 2).second) {
    own = name + " (" + std::to_string(names[name]++) + ")";
  }
  return own;
}

}  // namespace

Workload workload_from_bytes(const std::string& bytes, const std::string& file) {
  Workload workload;
  workload.name = base::printable(std::filesystem::path(file).stem().string());
  workload.file = file;
  workload.sha256 = base::sha256_hex(bytes);
  std::optional<WorkloadTable> table;
  Names names;
  std::string_view rest = base::without_byte_order_mark(bytes);
  for (int line = 1; !rest.empty(); ++line) {
    const std::size_t end = rest.find('\n');
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!is_table_line(text)) continue;
    if (!table) {
      table.emplace(text, file, line);
      continue;
    }
    if (!table->read_row(text, line)) continue;
    const std::string name = unused_name(*table, names);
    if (workload.layers.size() == kMaxLayers) {
      table->fail("layer", "is one too many", fmt::format("at most {} layers", kMaxLayers));
    }
    WorkloadLayer entry;
    entry.layer = table->is_gemm() ? gemm_layer(*table) : convolution_layer(*table);
    entry.layer.name = name;
    entry.layer.report_sums = true;
    entry.line = table->line();
    entry.density = table->density();
    check_bounds(*table, entry.layer);
    workload.layers.push_back(entry);
  }
  if (workload.layers.empty()) {
    throw base::InputError({file, 0, ""}, "holds no layers", "a header and a row for each layer");
  }
  return workload;
}

void check_values(const Workload& workload) {
  const auto within = [](std::int64_t a, std::int64_t b, std::int64_t limit) {
    return bounded_product({a, b}, limit).has_value();
  };
  for (const WorkloadLayer& row : workload.layers) {
    const Layer& layer = row.layer;
    if (is_map(layer.in) && is_map(layer.out) &&
        within(layer.k(), layer.out.channels, kMaxWeights) &&
        within(layer.m(), layer.k(), kMaxSteps)) {
      continue;
    }
    throw base::InputError(
        {workload.file, row.line, "layer"}, sizes_text(layer),
        fmt::format("where values are computed, sides of at most {}, maps of at most {} values, at "
                    "most {} weights, M x K at most {}; --timing has no such limits",
                    kMaxDimension, kMaxMapValues, kMaxWeights, kMaxSteps));
  }
}

Workload load_workload(const std::string& path) {
  return workload_from_bytes(base::read_file(path, base::kMaxWorkloadBytes), path);
}

}  // namespace lacuna::network

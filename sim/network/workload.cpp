#include "network/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <unordered_set>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "base/sha256.hpp"
#include "base/units.hpp"
#include "network/limits.hpp"

namespace lacuna::network {
namespace {

constexpr std::size_t kMaxLayers = 65536;
constexpr std::size_t kMaxColumns = 16;

/// A known header, by the names that the program uses for its columns.
struct Form {
  std::vector<std::string> titles;    ///< as they stand in the file, lower case
  std::vector<std::string> columns;   ///< as the reader looks them up
  std::vector<std::string> optional;  ///< may follow, in this order
  bool scalesim = false;
};

const std::vector<Form>& known_forms() {
  static const std::vector<Form> kForms = {
      {{"layer", "m", "n", "k"}, {"layer", "M", "N", "K"}, {"density"}, false},
      {{"layer", "in_h", "in_w", "kernel_h", "kernel_w", "in_channels", "out_channels", "stride"},
       {"layer", "in_h", "in_w", "kernel_h", "kernel_w", "in_channels", "out_channels", "stride"},
       {"padding", "groups", "density"},
       false},
      {{"layer name", "ifmap height", "ifmap width", "filter height", "filter width", "channels",
        "num filter", "strides"},
       {"layer", "in_h", "in_w", "kernel_h", "kernel_w", "in_channels", "out_channels", "stride"},
       {},
       true},
  };
  return kForms;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

/// The file's columns by name, and where to report what is wrong with one.
class Table {
 public:
  Table(std::string_view header, const std::string& file, int line) : file_(file) {
    const std::vector<std::string> titles = split(header, line);
    for (const Form& form : known_forms()) {
      if (fits(form, titles)) return;
    }
    std::string shown_titles;
    for (const std::string& title : titles) {
      shown_titles += (shown_titles.empty() ? "" : ",") + title;
    }
    throw base::InputError({file_, line, ""}, "unknown header " + base::shown(shown_titles),
                           "layer,M,N,K[,density] or layer,in_h,in_w,kernel_h,kernel_w,"
                           "in_channels,out_channels,stride[,padding][,groups][,density] or "
                           "SCALE-Sim's topology columns");
  }

  bool scalesim() const { return scalesim_; }
  bool is_gemm() const { return columns_[1] == "M"; }

  void read_row(std::string_view text, int line) {
    line_ = line;
    fields_ = split(text, line);
    if (fields_.size() != columns_.size()) {
      throw base::InputError({file_, line, ""}, fmt::format("has {} fields", fields_.size()),
                             fmt::format("{}: {}", columns_.size(), base::join(columns_)));
    }
  }

  [[noreturn]] void fail(const std::string& column, const std::string& wrong,
                         const std::string& allowed) const {
    throw base::InputError({file_, line_, column}, wrong, allowed);
  }

  /// The field of a column, or nullptr where the file does not have the column.
  const std::string* field(const std::string& column) const {
    const auto found = std::find(columns_.begin(), columns_.end(), column);
    if (found == columns_.end()) return nullptr;
    return &fields_[static_cast<std::size_t>(found - columns_.begin())];
  }

  std::int64_t integer(const std::string& column, std::int64_t low, std::int64_t otherwise) const {
    const std::string* text = field(column);
    if (text == nullptr) return otherwise;
    std::int64_t value = 0;
    const char* const end = text->data() + text->size();
    const auto result = std::from_chars(text->data(), end, value);
    if (result.ec != std::errc() || result.ptr != end || value < low || value > kMaxDimension) {
      fail(column, "is " + base::shown(*text),
           fmt::format("an integer in {}..{}", low, kMaxDimension));
    }
    return value;
  }

  double density() const {
    const std::string* text = field("density");
    if (text == nullptr) return 1.0;
    double value = 0;
    const char* const end = text->data() + text->size();
    const auto result = std::from_chars(text->data(), end, value);
    if (result.ec != std::errc() || result.ptr != end || !(value >= 0.0 && value <= 1.0)) {
      fail("density", "is " + base::shown(*text), "a number in 0..1");
    }
    return std::abs(value);  // "-0" is 0
  }

 private:
  // Trimmed fields; a comma at the end, as SCALE-Sim writes it, opens no field.
  std::vector<std::string> split(std::string_view text, int line) const {
    if (text.find('"') != std::string_view::npos) {
      throw base::InputError({file_, line, ""}, "has a quote", "fields without quotes or commas");
    }
    std::vector<std::string> fields;
    while (true) {
      const std::size_t comma = text.find(',');
      const std::string_view field = trimmed(text.substr(0, comma));
      if (comma == std::string_view::npos && field.empty() && !fields.empty()) break;
      if (fields.size() == kMaxColumns) {
        throw base::InputError({file_, line, ""}, "has too many fields",
                               fmt::format("at most {}", kMaxColumns));
      }
      fields.emplace_back(field);
      if (comma == std::string_view::npos) break;
      text.remove_prefix(comma + 1);
    }
    return fields;
  }

  bool fits(const Form& form, const std::vector<std::string>& titles) {
    const std::size_t fixed = form.titles.size();
    if (titles.size() < fixed) return false;
    for (std::size_t i = 0; i < fixed; ++i) {
      if (lower(titles[i]) != form.titles[i]) return false;
    }
    std::vector<std::string> columns = form.columns;
    auto next = form.optional.begin();
    for (std::size_t i = fixed; i < titles.size(); ++i) {
      next = std::find(next, form.optional.end(), lower(titles[i]));
      if (next == form.optional.end()) return false;
      columns.push_back(*next++);
    }
    columns_ = columns;
    scalesim_ = form.scalesim;
    return true;
  }

  std::string file_;
  std::vector<std::string> columns_;
  bool scalesim_ = false;
  int line_ = 0;
  std::vector<std::string> fields_;
};

int as_int(std::int64_t value) { return static_cast<int>(value); }

Layer gemm_layer(const Table& table) {
  const std::int64_t m = table.integer("M", 1, 1);
  const std::int64_t n = table.integer("N", 1, 1);
  const std::int64_t k = table.integer("K", 1, 1);
  Layer layer;
  layer.in = {m, 1, k};
  layer.out = {m, 1, n};
  return layer;
}

// SCALE-Sim's output side: ceil((in - kernel + stride) / stride).
std::int64_t scalesim_side(std::int64_t in, std::int64_t kernel, std::int64_t stride) {
  return base::ceil_div(in - kernel + stride, stride);
}

Layer convolution_layer(const Table& table) {
  Layer layer;
  layer.in = {table.integer("in_h", 1, 1), table.integer("in_w", 1, 1),
              table.integer("in_channels", 1, 1)};
  layer.out.channels = table.integer("out_channels", 1, 1);
  const std::int64_t stride = table.integer("stride", 1, 1);
  const std::int64_t padding = table.integer("padding", 0, 0);
  layer.groups = as_int(table.integer("groups", 1, 1));
  Window& window = layer.window;
  window.kernel_h = as_int(table.integer("kernel_h", 1, 1));
  window.kernel_w = as_int(table.integer("kernel_w", 1, 1));
  window.stride_h = as_int(stride);
  window.stride_w = as_int(stride);
  if (padding >= std::min(window.kernel_h, window.kernel_w)) {
    table.fail("padding", fmt::format("is {}", padding), "less than the kernel");
  }
  window.pad_top = window.pad_left = window.pad_bottom = window.pad_right = as_int(padding);
  if (layer.in.channels % layer.groups != 0 || layer.out.channels % layer.groups != 0) {
    table.fail("groups", fmt::format("is {}", layer.groups),
               fmt::format("a divisor of {} input and {} output channels", layer.in.channels,
                           layer.out.channels));
  }
  if (layer.in.height + 2 * padding < window.kernel_h) {
    table.fail("kernel_h", fmt::format("is {}", window.kernel_h),
               fmt::format("at most {}, the padded input", layer.in.height + 2 * padding));
  }
  if (layer.in.width + 2 * padding < window.kernel_w) {
    table.fail("kernel_w", fmt::format("is {}", window.kernel_w),
               fmt::format("at most {}, the padded input", layer.in.width + 2 * padding));
  }
  if (table.scalesim()) {
    const std::int64_t rows = scalesim_side(layer.in.height, window.kernel_h, stride);
    const std::int64_t columns = scalesim_side(layer.in.width, window.kernel_w, stride);
    window.pad_bottom = as_int((rows - 1) * stride + window.kernel_h - layer.in.height);
    window.pad_right = as_int((columns - 1) * stride + window.kernel_w - layer.in.width);
  }
  layer.out.height =
      output_side(layer.in.height, window.pad_top + window.pad_bottom, window.kernel_h, stride);
  layer.out.width =
      output_side(layer.in.width, window.pad_left + window.pad_right, window.kernel_w, stride);
  return layer;
}

void check_bounds(const Table& table, const Layer& layer) {
  const std::string sizes = fmt::format("has M {}, N {}, K {} in {} groups", layer.m(), layer.n(),
                                        layer.k(), layer.groups);
  const auto within = [](std::int64_t a, std::int64_t b, std::int64_t limit) {
    return bounded_product({a, b}, limit).has_value();
  };
  if (!is_map(layer.in) || !is_map(layer.out) ||
      !within(layer.k(), layer.out.channels, kMaxWeights) ||
      !within(layer.m(), layer.k(), kMaxSteps)) {
    table.fail("layer", sizes,
               fmt::format("maps of at most {} values, at most {} weights, M x K at most {}",
                           kMaxMapValues, kMaxWeights, kMaxSteps));
  }
}

}  // namespace

Workload workload_from_bytes(const std::string& bytes, const std::string& file) {
  Workload workload;
  workload.name = base::printable(std::filesystem::path(file).stem().string());
  workload.file = file;
  workload.sha256 = base::sha256_hex(bytes);
  std::optional<Table> table;
  std::unordered_set<std::string> names;
  std::string_view rest = base::without_byte_order_mark(bytes);
  for (int line = 1; !rest.empty(); ++line) {
    const std::size_t end = rest.find('\n');
    const std::string_view text = trimmed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (text.empty()) continue;
    if (!table) {
      table.emplace(text, file, line);
      continue;
    }
    table->read_row(text, line);
    const std::string& name = *table->field("layer");
    if (!is_plain_name(name)) {
      table->fail("layer", "is " + base::shown(name), "1 to 200 printable ASCII characters");
    }
    if (!names.insert(name).second) {
      table->fail("layer", base::shown(name) + " stands in the file twice",
                  "a name for each layer");
    }
    if (workload.layers.size() == kMaxLayers) {
      table->fail("layer", "is one too many", fmt::format("at most {} layers", kMaxLayers));
    }
    WorkloadLayer entry;
    entry.layer = table->is_gemm() ? gemm_layer(*table) : convolution_layer(*table);
    entry.layer.name = name;
    entry.layer.report_sums = true;
    entry.density = table->density();
    check_bounds(*table, entry.layer);
    workload.layers.push_back(entry);
  }
  if (workload.layers.empty()) {
    throw base::InputError({file, 0, ""}, "holds no layers", "a header and a row for each layer");
  }
  return workload;
}

Workload load_workload(const std::string& path) {
  return workload_from_bytes(base::read_file(path, base::kMaxWorkloadBytes), path);
}

}  // namespace lacuna::network

#include "network/workload_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "network/limits.hpp"

namespace lacuna::network {
namespace {

constexpr std::size_t kMaxColumns = 64;

/// A column of SCALE-Sim's topologies, by place.
struct ScaleSimColumn {
  const char* name;                 ///< as we call it
  const char* title;                ///< as SCALE-Sim does
  std::array<const char*, 4> also;  ///< other titles, lower case and without plurals
};
constexpr ScaleSimColumn kScaleSim[] = {
    {"layer", "Layer name", {"layer", "l", "name"}},
    {"in_h", "IFMAP Height", {"ifmap h"}},
    // Some files have the height's title twice or the width's; it is the place that counts.
    {"in_w", "IFMAP Width", {"ifmap w", "ifmap height"}},
    {"kernel_h", "Filter Height", {"filter h", "kernel height"}},
    {"kernel_w", "Filter Width", {"filter w", "kernel width", "filter height"}},
    {"in_channels", "Channels", {"channel", "input channel", "num channel"}},
    {"out_channels", "Num Filter", {"filter", "number of filter", "num of filter"}},
    {"stride", "Strides", {"stride", "stride height"}},
};

/// Columns of our own form beside the layer's name.
const std::vector<std::string>& gemm_columns() {
  static const std::vector<std::string> kColumns{"M", "N", "K", "density"};
  return kColumns;
}
const std::vector<std::string>& convolution_columns() {
  static const std::vector<std::string> kColumns{
      "in_h",         "in_w",       "kernel_h",   "kernel_w",  "in_channels",
      "out_channels", "stride",     "stride_h",   "stride_w",  "padding",
      "pad_top",      "pad_left",   "pad_bottom", "pad_right", "dilation",
      "dilation_h",   "dilation_w", "groups",     "density"};
  return kColumns;
}

constexpr const char* kKnownHeaders =
    "layer,M,N,K[,density]; layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride and "
    "any of stride_h, stride_w (instead of stride), padding or pad_top, pad_left, pad_bottom, "
    "pad_right, dilation or dilation_h, dilation_w, groups, density; SCALE-Sim's Layer name, IFMAP "
    "Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides";

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

/// Lower case, one space between words, no plurals: "Num  Filters" and "num_filter" are alike.
std::string plain_title(std::string_view title) {
  std::string result;
  std::string text = lower(title) + " ";
  std::string word;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '_') {
      word += c;
      continue;
    }
    if (word.size() > 2 && word.back() == 's') word.pop_back();
    if (!word.empty()) result += (result.empty() ? "" : " ") + word;
    word.clear();
  }
  return result;
}

bool is_sparsity(std::string_view title) { return plain_title(title).rfind("sparsity", 0) == 0; }

/// "2:4".
bool is_sparsity_ratio(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto digits = [](std::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return colon != std::string_view::npos && digits(text.substr(0, colon)) &&
         digits(text.substr(colon + 1));
}

/// With plain spaces instead of no-break ones.
std::string with_spaces(std::string_view text) {
  constexpr std::string_view kNoBreak = "\xC2\xA0";
  std::string result(text);
  for (std::size_t at = result.find(kNoBreak); at != std::string::npos;
       at = result.find(kNoBreak, at)) {
    result.replace(at, kNoBreak.size(), " ");
  }
  return result;
}

}  // namespace

bool is_table_line(std::string_view text) {
  text = trimmed(text);
  return !text.empty() && text.front() != '#';
}

WorkloadTable::WorkloadTable(std::string_view header, const std::string& file, int line)
    : file_(file), line_(line) {
  if (header.find(',') == std::string_view::npos && header.find(';') != std::string_view::npos) {
    separator_ = ';';
  }
  const std::vector<std::string> titles = split(header, line);
  for (const std::string& title : titles) {
    if (!is_sparsity(title)) continue;
    fail(base::printable(title),
         "N:M sparsity of weights is not modelled: every weight takes its place and its product",
         "the file without this column");
  }
  scalesim_ = titles.size() > 1 && plain_title(titles[1]).rfind("ifmap", 0) == 0;
  if (scalesim_) {
    name_scalesim(titles);
  } else {
    name_own(titles);
  }
}

void WorkloadTable::name_scalesim(const std::vector<std::string>& titles) {
  open_ended_ = true;
  for (std::size_t i = 0; i < std::size(kScaleSim); ++i) {
    const ScaleSimColumn& known = kScaleSim[i];
    const std::string title = i < titles.size() ? plain_title(titles[i]) : "";
    const bool fits = title == plain_title(known.title) ||
                      std::any_of(known.also.begin(), known.also.end(), [&](const char* also) {
                        return also != nullptr && title == also;
                      });
    if (!fits) {
      throw base::InputError(
          {file_, line_, ""},
          fmt::format("column {} is {}", i + 1,
                      i < titles.size() ? base::shown(titles[i]) : std::string("missing")),
          fmt::format("{}, as in SCALE-Sim's topologies, whose columns count by place",
                      known.title));
    }
    columns_.emplace_back(known.name);
  }
}

void WorkloadTable::name_own(const std::vector<std::string>& titles) {
  const std::string first = plain_title(titles.front());
  const bool named = first == "layer" || first == "layer name" || first == "l" || first == "name";
  const auto is_gemm_title = [](const std::string& title) {
    const std::string text = lower(title);
    return text == "m" || text == "n" || text == "k";
  };
  const bool gemm = std::any_of(titles.begin(), titles.end(), is_gemm_title);
  if (!named || titles.size() == 1) {
    std::string all;
    for (const std::string& title : titles) all += (all.empty() ? "" : ",") + title;
    throw base::InputError({file_, line_, ""}, "unknown header " + base::shown(all), kKnownHeaders);
  }
  columns_.emplace_back("layer");
  const std::vector<std::string>& known = gemm ? gemm_columns() : convolution_columns();
  for (std::size_t i = 1; i < titles.size(); ++i) {
    if (open_ended_ || titles[i].empty()) {  // what stands behind is somebody's notes
      open_ended_ = true;
      columns_.emplace_back();
      continue;
    }
    const std::string title = lower(titles[i]);
    const auto own = std::find_if(known.begin(), known.end(), [&](const std::string& column) {
      return lower(column) == title;
    });
    if (own == known.end()) {
      throw base::InputError({file_, line_, ""},
                             fmt::format("column {} is {}", i + 1, base::shown(titles[i])),
                             kKnownHeaders, base::nearest_name(title, known));
    }
    if (has(*own)) fail(*own, "stands in the header twice", "each column once");
    columns_.push_back(*own);
  }
  if (gemm) {
    require({"M", "N", "K"});
    return;
  }
  require({"in_h", "in_w", "kernel_h", "kernel_w", "in_channels", "out_channels"});
  if (!has("stride")) require({"stride_h", "stride_w"});
  const auto exclude = [&](const char* one, const std::vector<const char*>& others) {
    for (const char* other : others) {
      if (has(one) && has(other)) {
        fail(other, std::string("says the same as ") + one, "one of the two");
      }
    }
  };
  exclude("stride", {"stride_h", "stride_w"});
  exclude("padding", {"pad_top", "pad_left", "pad_bottom", "pad_right"});
  exclude("dilation", {"dilation_h", "dilation_w"});
}

void WorkloadTable::require(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!has(name)) fail(name, "is missing in the header", kKnownHeaders);
  }
}

bool WorkloadTable::has(std::string_view column) const {
  return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
}

bool WorkloadTable::read_row(std::string_view text, int line) {
  line_ = line;
  fields_ = split(text, line);
  if (std::all_of(fields_.begin(), fields_.end(),
                  [](const std::string& field) { return field.empty(); })) {
    return false;
  }
  std::size_t needed = columns_.size();
  while (needed > 0 && columns_[needed - 1].empty()) --needed;
  for (std::size_t i = needed; i < fields_.size(); ++i) {
    if (is_sparsity_ratio(fields_[i])) {
      fail("", "has " + base::shown(fields_[i]) + ": N:M sparsity of weights is not modelled",
           "rows without it");
    }
  }
  const bool more =
      std::any_of(fields_.begin() + static_cast<std::ptrdiff_t>(std::min(needed, fields_.size())),
                  fields_.end(), [](const auto& field) { return !field.empty(); });
  if (fields_.size() < needed || (more && !open_ended_)) {
    std::vector<std::string> names(columns_.begin(),
                                   columns_.begin() + static_cast<std::ptrdiff_t>(needed));
    fail("", fmt::format("has {} fields", fields_.size()),
         fmt::format("{}: {}", needed, base::join(names)));
  }
  return true;
}

void WorkloadTable::fail(const std::string& column, const std::string& wrong,
                         const std::string& allowed) const {
  throw base::InputError({file_, line_, column}, wrong, allowed);
}

const std::string* WorkloadTable::field(std::string_view column) const {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end()) return nullptr;
  return &fields_[static_cast<std::size_t>(found - columns_.begin())];
}

std::int64_t WorkloadTable::integer(const std::string& column, std::int64_t low, std::int64_t most,
                                    std::int64_t otherwise) const {
  const std::string* text = field(column);
  if (text == nullptr) return otherwise;
  std::int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || value < low || value > most) {
    fail(column, "is " + base::shown(*text), fmt::format("an integer in {}..{}", low, most));
  }
  return value;
}

double WorkloadTable::density() const {
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

// Trimmed fields; a separator at the end, as SCALE-Sim writes it, opens no field.
std::vector<std::string> WorkloadTable::split(std::string_view line_text, int line) const {
  const std::string spaced = with_spaces(line_text);
  std::string_view text = trimmed(spaced);
  if (!text.empty() && (text.back() == ';' || text.back() == separator_)) text.remove_suffix(1);
  std::vector<std::string> fields;
  while (true) {
    const std::size_t end = text.find(separator_);
    std::string_view field = trimmed(text.substr(0, end));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
      field = trimmed(field.substr(1, field.size() - 2));
    }
    if (field.find('"') != std::string_view::npos) {
      throw base::InputError({file_, line, ""}, "has a quote within a field",
                             "whole fields in quotes, without separators in them, or none");
    }
    if (fields.size() == kMaxColumns) {
      throw base::InputError({file_, line, ""}, "has too many fields",
                             fmt::format("at most {}", kMaxColumns));
    }
    fields.emplace_back(field);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return fields;
}

}  // namespace lacuna::network

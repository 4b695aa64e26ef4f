#include "network/data/input_card.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/error.hpp"
#include "config/document.hpp"
#include "network/limits.hpp"

namespace lacuna::network {
namespace {

using config::Section;

constexpr std::initializer_list<std::pair<const char*, Layout>> kLayouts = {
    {"nchw", Layout::kChannelsFirst}, {"nhwc", Layout::kChannelsLast}};

/// A card says much that only its writer knows; its section `input` is all ours.
void refuse_unknown(const Section& section, const std::vector<std::string>& known) {
  for (const std::string& key : section.keys()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw base::InputError(section.place(key), "is not known", base::join(known) + " are allowed",
                           base::nearest_name(key, known));
  }
}

std::vector<float> floats(const Section& section, const char* key, double low) {
  constexpr double kMost = 1e30;
  std::vector<float> values;
  if (!section.has(key)) return values;
  for (const double value : section.reals(key, low, kMost)) {
    values.push_back(static_cast<float>(value));
  }
  if (values.empty()) {
    throw base::InputError(section.place(key), "is empty", "one number, or one a channel");
  }
  return values;
}

RawFile read_raw_file(const Section& section) {
  refuse_unknown(section, {"shape", "type", "skip"});
  RawFile raw;
  if (!section.has("shape")) throw base::InputError(section.place("shape"), "is missing");
  raw.shape = section.integers("shape", 1, kMaxDimension);
  if (raw.shape.empty() || raw.shape.size() > 4 || !bounded_product(raw.shape, kMaxMapValues)) {
    throw base::InputError(section.place("shape"), "is no size of an image",
                           fmt::format("1 to 4 sizes of at most {} values", kMaxMapValues));
  }
  raw.kind = section
                 .optional_choice<ValueKind>("type", {{"uint8", ValueKind::kPixel},
                                                      {"int8", ValueKind::kInteger},
                                                      {"float32", ValueKind::kReal}})
                 .value_or(raw.kind);
  raw.skip = section.optional<std::int64_t>("skip", 0, config::kAnyInteger).value_or(raw.skip);
  return raw;
}

/// The keys that are named, in the order of the documentation.
std::string text_of(const InputCard& card) {
  std::vector<std::string> parts;
  for (const auto& [name, layout] : kLayouts) {
    if (layout == card.layout) parts.push_back(fmt::format("layout {}", name));
  }
  if (card.bgr) parts.emplace_back("channels bgr");
  if (card.scale) parts.push_back(fmt::format("scale {}", *card.scale));
  if (!card.mean.empty()) parts.push_back(fmt::format("mean {}", fmt::join(card.mean, " ")));
  if (!card.deviation.empty()) {
    parts.push_back(fmt::format("std {}", fmt::join(card.deviation, " ")));
  }
  if (!card.size.empty()) parts.push_back(fmt::format("size {}", fmt::join(card.size, " ")));
  if (card.raw) {
    constexpr const char* kTypes[] = {"uint8", "int8", "float32"};
    parts.push_back(fmt::format("raw {} {} after {} bytes",
                                kTypes[static_cast<std::size_t>(card.raw->kind)],
                                fmt::join(card.raw->shape, " "), card.raw->skip));
  }
  return base::join(parts);
}

InputCard read_card(const config::Document& document) {
  constexpr double kLeast = 1e-30;
  InputCard card;
  card.file = document.file();
  const auto section = document.root().optional_section("input");
  if (!section) return card;
  refuse_unknown(*section, {"layout", "channels", "scale", "mean", "std", "size", "raw"});
  card.layout = section->optional_choice<Layout>("layout", kLayouts).value_or(card.layout);
  card.bgr = section->optional_choice<bool>("channels", {{"rgb", false}, {"bgr", true}})
                 .value_or(card.bgr);
  if (const auto scale = section->optional<double>("scale", kLeast, 1e30)) {
    card.scale = static_cast<float>(*scale);
  }
  card.mean = floats(*section, "mean", -1e30);
  card.deviation = floats(*section, "std", kLeast);
  if (section->has("size")) {
    card.size = section->integers("size", 1, kMaxDimension);
    if (card.size.empty() || card.size.size() > 2) {
      throw base::InputError(section->place("size"),
                             fmt::format("has {} numbers", card.size.size()),
                             "[shorter side] or [height, width]");
    }
  }
  if (const auto raw = section->optional_section("raw")) card.raw = read_raw_file(*raw);
  card.text = text_of(card);
  return card;
}

}  // namespace

InputCard load_input_card(const std::string& model_file) {
  const std::string file = (std::filesystem::path(model_file).parent_path() / "card.yaml").string();
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};
  return read_card(config::Document::load(file));
}

InputCard parse_input_card(const std::string& file, const std::string& bytes) {
  return read_card(config::Document::parse(file, bytes));
}

}  // namespace lacuna::network

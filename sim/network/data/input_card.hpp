// How images become a network's input, as the section `input` of the model's card says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "network/data_set.hpp"

namespace lacuna::network {

/// Nothing is set in a card without the section. x = ((value / scale) - mean) / std, the named
/// steps only, each in float32.
struct InputCard {
  std::string file;                ///< the card; empty where the model has none
  Layout layout = Layout::kAny;    ///< of arrays that do not say theirs
  bool bgr = false;                ///< the network reads blue, green, red
  std::optional<float> scale;      ///< pixels of 0..255 have 255 where it is not named
  std::vector<float> mean;         ///< one, or [channel]
  std::vector<float> deviation;    ///< `std`: one, or [channel]
  std::vector<std::int64_t> size;  ///< of pictures: the shorter side, or height and width
  std::optional<RawFile> raw;
  std::string text;  ///< of the section, to tell two of them apart; empty without one
};

/// Of the card.yaml in the folder of a model's file. Throws base::InputError.
InputCard load_input_card(const std::string& model_file);

/// The same from a card's bytes.
InputCard parse_input_card(const std::string& file, const std::string& bytes);

}  // namespace lacuna::network

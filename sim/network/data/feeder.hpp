// From a data set to a network's input codes.
//
// A value of an image becomes x: a pixel is divided by 255 (or by what the card says), a real or a
// signed integer is x itself; then - mean, / std as the card names them, then the steps of the
// network's file in their order; each in float32. A code is sat(rne(x / s) + z): rounded half to
// even before the zero point z is added. A network that reads codes gets the values as they are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "network/data/input_card.hpp"
#include "network/data_set.hpp"
#include "network/network.hpp"

namespace lacuna::network {

class Feeder {
 public:
  /// All outlive it. Throws base::InputError where the images' size is not the network's in any
  /// layout, and where card and network contradict each other.
  Feeder(const DataSet& data, const Network& network, const InputCard& card);

  /// Codes of one image, channels last, a byte each (signed ones in two's complement). Throws
  /// base::InputError for an image that there is not, or that has a NaN or no code.
  std::vector<std::uint8_t> codes(std::int64_t image) const;

  /// Throws base::InputError where what the first `images` hold and what the network's first
  /// quantiser can say are far apart, naming both ranges.
  void check_range(std::int64_t images) const;

 private:
  struct Step {
    InputStep::Kind kind;
    std::vector<float> values;  ///< [channel]
  };

  base::Place place() const;
  void add_step(InputStep::Kind kind, std::vector<float> values, const base::Place& place);
  void add_steps();
  void find_layout();
  void find_picture_shape();
  void make_tables();
  float real_of(float value, std::int64_t channel) const;
  std::int16_t code_of(float value, std::int64_t channel) const;
  [[noreturn]] void refuse_value(std::int64_t image, float value) const;
  std::vector<std::uint8_t> pixels_of_picture(std::int64_t image) const;
  std::vector<std::uint8_t> drawn(std::int64_t image) const;

  const DataSet& data_;
  const Network& network_;
  const InputCard& card_;
  std::vector<Step> steps_;
  std::vector<std::uint32_t> from_;  ///< [value, channels last]: its place in the file's image
  MapShape picture_;                 ///< what a picture of a file becomes first
  std::vector<std::int16_t> table_;  ///< [channel, or one for all][byte]: the code, or kNoCode
};

/// Throws base::InputError unless the images fit the network's input and every label is a class.
void check_data_fits(const DataSet& data, const Network& network, const InputCard& card = {});

/// Codes of one image, as a Feeder makes them.
std::vector<std::uint8_t> quantise_pixels(const DataSet& data, std::int64_t image,
                                          const Network& network, const InputCard& card = {});

}  // namespace lacuna::network

// What faults do to a network's outputs, told without labels: against the fault-free run of the
// same images. Values are those of network::real_values: float32, in front of softmax and other
// tails.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "network/network.hpp"

namespace lacuna::run {

/// Signal to noise in decibels, 20 log10(rms / rmse), `rms` of the fault-free values. Nothing where
/// that is infinite or no number: nothing differs, all fault-free values are 0, or the difference
/// is infinite.
std::optional<double> sqnr_db(double rms, double rmse);

/// How far values are from the fault-free ones, over all images.
struct Deviation {
  std::int64_t values = 0;
  double signal = 0;  ///< squares of the fault-free values, of those that are finite
  double error = 0;   ///< squares of the differences; infinite where one is infinite or no number

  double rms() const;   ///< of the fault-free values
  double rmse() const;  ///< root of the mean squared difference; infinite as `error`
  Deviation& operator+=(const Deviation& other);
};

/// What became of an image's outputs.
enum class ImageChange : std::uint8_t {
  kMasked,  ///< every integer is the fault-free one
  kBenign,  ///< top-1 is; of outputs without a class every real value
  kSdc,     ///< neither
};

/// Of SDC-5.
inline constexpr int kTop5 = 5;

/// Share of the images whose top-1 is that of the fault-free run.
double agreement(std::int64_t sdc, std::int64_t images);

struct OutputChange {
  bool classes = false;             ///< an output says a class, so there is a top-1
  std::vector<ImageChange> images;  ///< [image]
  std::vector<double> image_rmse;   ///< [image]; of the values of all outputs, as Deviation::rmse
  std::int64_t masked = 0;          ///< of them
  std::int64_t benign = 0;
  std::int64_t sdc = 0;
  /// [image] whether the fault-free top-1 is not among the five first classes (SDC-5); empty where
  /// there are fewer than kFewestForTop5 classes.
  std::vector<bool> outside_top5;
  std::vector<int> top1;           ///< [image]; empty without classes
  std::vector<Deviation> outputs;  ///< [output]

  Deviation all() const;  ///< over the values of all outputs
};

/// The outputs of a fault-free run.
class FaultFree {
 public:
  /// `integers` are those of all images' outputs, as engines give them (Network::output_values);
  /// both outlive this.
  FaultFree(const network::Network& network, const std::vector<std::int32_t>& integers);

  const std::vector<int>& top1() const { return top1_; }  ///< [image]; empty without classes
  bool classes() const { return class_output_ >= 0; }
  /// Of fewer classes none can be outside of the first five.
  static constexpr std::int64_t kFewestForTop5 = 6;
  double rms() const { return rms_; }  ///< of the values of all outputs

  /// `integers` of the same images under faults.
  OutputChange compare(const std::vector<std::int32_t>& integers) const;

 private:
  struct Output {
    std::int64_t offset = 0;  ///< of its values among an image's
    std::int64_t values = 0;
    double signal = 0;
  };
  ImageChange compare_image(std::int64_t image, const std::int32_t* now, OutputChange& change,
                            std::vector<float>& values) const;

  const network::Network& network_;
  const std::vector<std::int32_t>& integers_;
  int class_output_ = -1;
  std::int64_t image_values_ = 0;  ///< of all outputs
  std::vector<Output> outputs_;
  std::vector<float> values_;  ///< as `integers_`
  std::vector<int> top1_;
  double rms_ = 0;
};

}  // namespace lacuna::run

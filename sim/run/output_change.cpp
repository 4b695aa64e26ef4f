#include "run/output_change.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "network/outputs.hpp"

namespace lacuna::run {
namespace {

std::size_t place(std::int64_t index) { return static_cast<std::size_t>(index); }

double root_mean(double sum, std::int64_t values) {
  return values == 0 ? 0 : std::sqrt(sum / static_cast<double>(values));
}

/// Of squares of differences, which of float32 values neither vanish nor overflow in double.
double squared_error(const float* values, const float* before, std::int64_t count) {
  constexpr std::int64_t kSums = 4;  // that do not wait for each other
  double sums[kSums] = {};
  const auto add = [&](std::int64_t value, std::int64_t to) {
    const double difference = double{values[value]} - double{before[value]};
    sums[to] += difference * difference;
  };
  std::int64_t first = 0;
  for (; first + kSums <= count; first += kSums) {
    for (std::int64_t i = 0; i < kSums; ++i) add(first + i, i);
  }
  for (std::int64_t i = first; i < count; ++i) add(i, i - first);
  double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  if (std::isfinite(sum)) return sum;
  // What is infinite or no number on both sides does not differ.
  sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (values[i] == before[i] || (std::isnan(values[i]) && std::isnan(before[i]))) continue;
    const double difference = double{values[i]} - double{before[i]};
    if (!std::isfinite(difference)) return std::numeric_limits<double>::infinity();
    sum += difference * difference;
  }
  return sum;
}

}  // namespace

std::optional<double> sqnr_db(double rms, double rmse) {
  constexpr double kDecibels = 20;  // of amplitudes; 10 of their squares
  const double decibels = kDecibels * std::log10(rms / rmse);
  return std::isfinite(decibels) ? std::optional(decibels) : std::nullopt;
}

double agreement(std::int64_t sdc, std::int64_t images) {
  return static_cast<double>(images - sdc) / static_cast<double>(images);
}

double Deviation::rms() const { return root_mean(signal, values); }
double Deviation::rmse() const { return root_mean(error, values); }

Deviation& Deviation::operator+=(const Deviation& other) {
  values += other.values;
  signal += other.signal;
  error += other.error;
  return *this;
}

Deviation OutputChange::all() const {
  Deviation sum;
  for (const Deviation& output : outputs) sum += output;
  return sum;
}

FaultFree::FaultFree(const network::Network& network, const std::vector<std::int32_t>& integers)
    : network_(network),
      integers_(integers),
      class_output_(network::class_output(network)),
      image_values_(network.output_values()),
      values_(integers.size()) {
  for (std::size_t o = 0; o < network.outputs.size(); ++o) {
    outputs_.push_back(
        {network::output_offset(network, o), network.shape_of(network.outputs[o]).values(), 0});
  }
  const std::int64_t images = static_cast<std::int64_t>(integers.size()) / image_values_;
  SIM_CHECK(images * image_values_ == static_cast<std::int64_t>(integers.size()), "run", -1,
            "outputs are of whole images");
  for (std::int64_t image = 0; image < images; ++image) {
    for (std::size_t o = 0; o < outputs_.size(); ++o) {
      Output& own = outputs_[o];
      const std::int64_t first = image * image_values_ + own.offset;
      float* values = values_.data() + first;
      network::real_values(network, o, integers.data() + first, values);
      for (std::int64_t i = 0; i < own.values; ++i) {
        const double value = values[i];
        if (std::isfinite(value)) own.signal += value * value;
      }
      if (static_cast<int>(o) == class_output_) {
        top1_.push_back(network::top1(values, integers.data() + first, own.values));
      }
    }
  }
  Deviation all;
  for (const Output& own : outputs_) all += {own.values * images, own.signal, 0};
  rms_ = all.rms();
}

ImageChange FaultFree::compare_image(std::int64_t image, const std::int32_t* now,
                                     OutputChange& change, std::vector<float>& values) const {
  const std::int64_t first = image * image_values_;
  if (std::equal(now, now + image_values_, integers_.data() + first)) return ImageChange::kMasked;
  double image_error = 0;
  for (std::size_t o = 0; o < outputs_.size(); ++o) {
    const Output& own = outputs_[o];
    network::real_values(network_, o, now + own.offset, values.data());
    const double error =
        squared_error(values.data(), values_.data() + first + own.offset, own.values);
    change.outputs[o].error += error;
    image_error += error;
    if (static_cast<int>(o) == class_output_) {
      change.top1[place(image)] = network::top1(values.data(), now + own.offset, own.values);
      if (!change.outside_top5.empty()) {
        change.outside_top5[place(image)] =
            network::class_rank(values.data(), now + own.offset, own.values, top1_[place(image)]) >=
            kTop5;
      }
    }
  }
  change.image_rmse[place(image)] = root_mean(image_error, image_values_);
  const bool sdc =
      change.classes ? change.top1[place(image)] != top1_[place(image)] : image_error > 0;
  return sdc ? ImageChange::kSdc : ImageChange::kBenign;
}

OutputChange FaultFree::compare(const std::vector<std::int32_t>& integers) const {
  SIM_CHECK(integers.size() == integers_.size(), "run", -1,
            "outputs are compared with those of as many images");
  const auto images = static_cast<std::int64_t>(integers.size()) / image_values_;
  OutputChange change;
  change.classes = classes();
  change.images.assign(place(images), ImageChange::kMasked);
  change.image_rmse.assign(place(images), 0);
  change.top1 = top1_;
  if (classes() && outputs_[place(class_output_)].values >= kFewestForTop5) {
    change.outside_top5.resize(place(images));
  }
  for (const Output& own : outputs_) change.outputs.push_back({own.values * images, own.signal, 0});
  std::vector<float> values(place(image_values_));
  for (std::int64_t image = 0; image < images; ++image) {
    const ImageChange own =
        compare_image(image, integers.data() + image * image_values_, change, values);
    if (own == ImageChange::kMasked) continue;
    change.images[place(image)] = own;
    ++(own == ImageChange::kSdc ? change.sdc : change.benign);
  }
  change.masked = images - change.benign - change.sdc;
  return change;
}

}  // namespace lacuna::run

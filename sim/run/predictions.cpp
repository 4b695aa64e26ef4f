#include "run/predictions.hpp"

#include "network/outputs.hpp"

namespace lacuna::run {

Predictions predictions_of(const Job& job, const Measurement& measurement) {
  const Part& part = job.parts.front();
  const network::Network& network = part.network;
  const std::int64_t raw_values = network.output_values();
  Predictions result;
  result.images = part.image_count();
  result.labels = job.source.labels;
  const bool one_layers = network.outputs.size() == 1 && network.outputs.front().layer >= 0;
  if (one_layers) {
    result.sums_an_image = raw_values;
    result.sums = measurement.logits;
  }
  for (std::int64_t image = 0; image < result.images; ++image) {
    const std::int32_t* raw = measurement.logits.data() + image * raw_values;
    if (network::class_output(network) >= 0) result.top1.push_back(network::top1(network, raw));
    for (std::size_t o = 0; o < network.outputs.size(); ++o) {
      const std::vector<float> own = network::file_values(network, o, raw);
      result.values.insert(result.values.end(), own.begin(), own.end());
      if (image > 0) continue;
      for (std::size_t i = 0; i < own.size(); ++i) {
        result.names.push_back(network.outputs[o].name + "_" + std::to_string(i));
      }
    }
  }
  return result;
}

}  // namespace lacuna::run

// Small models in the forms that exporters write, and what ONNX Runtime makes of them.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "unit/network/model_builder.hpp"

namespace lacuna::network::test {

struct ExporterCase {
  std::string name;
  std::vector<std::int64_t> input;  ///< sizes behind the batch
  std::function<void(ModelBuilder&)> build;
  int input_type = onnx::TensorProto::FLOAT;
};

void PrintTo(const ExporterCase& own, std::ostream* out);

const std::vector<ExporterCase>& exporter_cases();
/// Those of exporter_layout_cases.cpp, which are among them.
void add_layout_cases(std::vector<ExporterCase>& all);

/// The model of a case; its input is "x".
onnx::ModelProto exporter_model(const ExporterCase& own);

/// Value k of image `image`: (37 k + 11 image) mod 256, over 255 where the input is float.
std::vector<float> exporter_image(const ExporterCase& own, int image);

/// The outputs for image 0 in the order of the file, one behind the other, by ONNX Runtime 1.23.0;
/// of n > 24 values those at i n / 24.
std::vector<float> runtime_values(const std::string& name);

}  // namespace lacuna::network::test

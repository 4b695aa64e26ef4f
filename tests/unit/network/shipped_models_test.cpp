// The networks in models/: each imports, and evaluated in plain loops it has the accuracy and the
// densities that its card states. A seeded share of the test set, within statistical bounds; with
// LACUNA_FULL=1 in the environment all of it, exactly.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <sstream>
#include <utility>

#include "base/file.hpp"
#include "network/data/feeder.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"
#include "share.hpp"
#include "unit/network/integer_reference.hpp"

namespace lacuna::network::test {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kShareSeed = 1;

bool is_full() {
  const char* text = std::getenv("LACUNA_FULL");
  return text != nullptr && std::string(text) == "1";
}

std::vector<std::string> model_folders() {
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(LACUNA_SOURCE_DIR "/models")) {
    if (!entry.is_directory()) continue;
    const fs::directory_iterator files(entry.path());
    const bool has_model = std::any_of(begin(files), end(files), [](const auto& file) {
      return file.path().extension() == ".onnx";
    });
    if (has_model) folders.push_back(entry.path().string());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// The `key: value` lines that a card has indented below `section:`, or at its top where `section`
/// is empty.
std::vector<std::pair<std::string, std::string>> card_entries(const std::string& folder,
                                                              const std::string& section) {
  std::istringstream card(base::read_file(folder + "/card.yaml", 1 << 20));
  std::vector<std::pair<std::string, std::string>> entries;
  std::size_t indent = 0;
  bool inside = section.empty();
  for (std::string line; std::getline(card, line);) {
    const std::size_t depth = line.find_first_not_of(' ');
    const std::size_t colon = line.find(':');
    if (depth == std::string::npos || colon == std::string::npos) continue;
    const std::string key = line.substr(depth, colon - depth);
    if (inside && !section.empty() && depth <= indent) break;
    if (inside && (!section.empty() || depth == 0)) {
      std::string value;
      std::istringstream(line.substr(colon + 1)) >> value;
      entries.emplace_back(key, value);
    } else if (!inside && key == section) {
      inside = true;
      indent = depth;
    }
  }
  return entries;
}

std::string card_value(const std::string& folder, const std::string& section,
                       const std::string& key) {
  for (const auto& [name, value] : card_entries(folder, section)) {
    if (name == key) return value;
  }
  ADD_FAILURE() << folder << "/card.yaml has no " << key << " in '" << section << "'";
  return "0";
}

/// The images to evaluate, in any order.
std::vector<std::int64_t> chosen_images(std::int64_t count) {
  std::vector<std::int64_t> images(static_cast<std::size_t>(count));
  std::iota(images.begin(), images.end(), 0);
  const std::size_t share = lacuna::test::case_count(static_cast<std::uint32_t>(count), 500, 50);
  if (images.size() <= share) return images;
  std::mt19937 random(kShareSeed);
  for (std::size_t i = 0; i < share; ++i) {
    std::swap(images[i], images[i + random() % (images.size() - i)]);
  }
  images.resize(share);
  return images;
}

/// Non-zero and all values that a layer reads.
struct Density {
  std::int64_t non_zero = 0;
  std::int64_t values = 0;

  void add(const std::vector<std::uint8_t>& codes) {
    values += static_cast<std::int64_t>(codes.size());
    non_zero += static_cast<std::int64_t>(codes.size()) -
                std::count(codes.begin(), codes.end(), std::uint8_t{0});
  }
  double share() const { return static_cast<double>(non_zero) / static_cast<double>(values); }
};

struct Measured {
  std::int64_t correct = 0;
  std::vector<Density> inputs;  ///< of each layer, pooling too
};

Measured measure(const Network& network, const DataSet& data,
                 const std::vector<std::int64_t>& images) {
  Measured measured;
  measured.inputs.resize(network.layers.size());
  for (const std::int64_t image : images) {
    const auto read = [&](std::size_t layer, const std::vector<std::uint8_t>& codes) {
      measured.inputs[layer].add(codes);
    };
    const auto logits = evaluate(network, quantise_pixels(data, image, network), read);
    const auto top1 = std::max_element(logits.begin(), logits.end()) - logits.begin();
    measured.correct += top1 == data.labels[static_cast<std::size_t>(image)] ? 1 : 0;
  }
  return measured;
}

class ShippedModel : public testing::TestWithParam<std::string> {};

TEST_P(ShippedModel, GivenItsFileThenTheCardHasItsHash) {
  const Network network = import_onnx(find_model(GetParam()));
  EXPECT_EQ(network.sha256, card_value(GetParam(), "", "onnx_sha256"));
}

TEST_P(ShippedModel, GivenTestImagesThenAccuracyAndDensitiesAreThoseOfItsCard) {
  if (!fs::exists(kDefaultDataDir)) GTEST_SKIP() << "dataset-fashion-mnist is absent";
  const Network network = import_onnx(find_model(GetParam()));
  const DataSet data = load_test_set(kDefaultDataDir);
  check_data_fits(data, network);
  const std::vector<std::int64_t> images = chosen_images(data.count());
  const Measured measured = measure(network, data, images);

  const auto count = static_cast<double>(images.size());
  const double correct = std::stod(card_value(GetParam(), "test", "correct"));
  const double accuracy = correct / std::stod(card_value(GetParam(), "test", "images"));
  if (is_full()) {
    EXPECT_EQ(static_cast<double>(measured.correct), correct);
  } else {
    const double deviation = std::sqrt(count * accuracy * (1 - accuracy));
    EXPECT_NEAR(static_cast<double>(measured.correct), count * accuracy, 4 * deviation);
  }

  // Cards round to four decimals; a share of the images has densities near those of all.
  const double tolerance = is_full() ? 0.5001e-4 : 0.03 * std::sqrt(500 / count);
  const auto densities = card_entries(GetParam(), "inputs");
  std::size_t gemm_layers = 0;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    if (!layer.is_gemm()) continue;
    ++gemm_layers;
    const std::string stated = card_value(GetParam(), "inputs", layer.name);
    EXPECT_NEAR(measured.inputs[i].share(), std::stod(stated), tolerance) << layer.name;
  }
  EXPECT_EQ(densities.size(), gemm_layers);
}

INSTANTIATE_TEST_SUITE_P(Models, ShippedModel, testing::ValuesIn(model_folders()),
                         [](const auto& info) { return fs::path(info.param).filename().string(); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ShippedModel);

}  // namespace
}  // namespace lacuna::network::test

// The networks in models/: each imports, and evaluated in plain loops on the whole test set it has
// the accuracy that its card states.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>

#include "network/data_set.hpp"
#include "network/onnx_import.hpp"
#include "unit/network/integer_reference.hpp"

namespace lacuna::network::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> model_folders() {
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(LACUNA_SOURCE_DIR "/models")) {
    if (fs::exists(entry.path() / "card.yaml")) folders.push_back(entry.path().string());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// The value of `key`, the first after the card's line `section` (from the top where it is empty).
std::string card_value(const std::string& folder, const std::string& section,
                       const std::string& key) {
  std::ifstream card(folder + "/card.yaml");
  const std::regex pattern("^\\s*" + key + ":\\s*(\\S+).*$");
  bool inside = section.empty();
  for (std::string line; std::getline(card, line);) {
    inside = inside || line == section + ":";
    std::smatch match;
    if (inside && std::regex_match(line, match, pattern)) return match[1];
  }
  return "";
}

class ShippedModel : public testing::TestWithParam<std::string> {};

TEST_P(ShippedModel, GivenTheTestSetThenItReachesTheAccuracyOfItsCard) {
  if (!fs::exists(kDefaultDataDir)) GTEST_SKIP() << "dataset-fashion-mnist is absent";
  const Network network = import_onnx(find_model(GetParam()));
  const DataSet data = load_test_set(kDefaultDataDir);
  check_data_fits(data, network);
  std::int64_t correct = 0;
  for (std::int64_t image = 0; image < data.count(); ++image) {
    const auto logits = evaluate(network, quantise_pixels(data, image, network));
    const auto top1 = std::max_element(logits.begin(), logits.end()) - logits.begin();
    correct += top1 == data.labels[static_cast<std::size_t>(image)] ? 1 : 0;
  }
  EXPECT_EQ(std::to_string(correct), card_value(GetParam(), "test", "correct"));
  EXPECT_EQ(network.sha256, card_value(GetParam(), "", "onnx_sha256"));
}

INSTANTIATE_TEST_SUITE_P(Models, ShippedModel, testing::ValuesIn(model_folders()),
                         [](const auto& info) { return fs::path(info.param).filename().string(); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ShippedModel);

}  // namespace
}  // namespace lacuna::network::test

#include "checkpoint.hpp"

#include <torch/serialize/archive.h>

#include <cstdint>
#include <filesystem>
#include <sstream>

#include "base/error.hpp"
#include "base/file.hpp"

namespace lacuna::train {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 30;
constexpr std::int64_t kColumns = 6;

torch::Tensor to_tensor(const std::vector<EpochResult>& epochs) {
  torch::Tensor table =
      torch::empty({static_cast<std::int64_t>(epochs.size()), kColumns}, torch::kFloat64);
  double* cell = table.data_ptr<double>();
  for (const EpochResult& row : epochs) {
    *cell++ = row.epoch;
    *cell++ = row.loss;
    *cell++ = row.penalty;
    *cell++ = row.held_out_loss;
    *cell++ = static_cast<double>(row.held_out_correct);
    *cell++ = row.density;
  }
  return table;
}

std::vector<EpochResult> from_tensor(const torch::Tensor& table) {
  std::vector<EpochResult> epochs;
  const double* cell = table.data_ptr<double>();
  for (std::int64_t i = 0; i < table.size(0); ++i, cell += kColumns) {
    epochs.push_back({static_cast<int>(cell[0]), cell[1], cell[2], cell[3],
                      static_cast<std::size_t>(cell[4]), cell[5]});
  }
  return epochs;
}

}  // namespace

void save_checkpoint(const std::string& file, const std::string& fingerprint,
                     const torch::nn::Module& network, const torch::optim::Optimizer& optimiser,
                     const std::vector<EpochResult>& epochs) {
  torch::serialize::OutputArchive archive;
  torch::serialize::OutputArchive network_part;
  torch::serialize::OutputArchive optimiser_part;
  network.save(network_part);
  optimiser.save(optimiser_part);
  archive.write("fingerprint", c10::IValue(fingerprint));
  archive.write("epochs", to_tensor(epochs));
  archive.write("network", network_part);
  archive.write("optimiser", optimiser_part);
  std::ostringstream out;
  archive.save_to(out);
  base::write_file(file, out.str());
}

bool load_checkpoint(const std::string& file, const std::string& fingerprint,
                     torch::nn::Module& network, torch::optim::Optimizer& optimiser,
                     std::vector<EpochResult>& epochs) {
  if (!std::filesystem::exists(file)) return false;
  try {
    std::istringstream in(base::read_file(file, kMaxBytes));
    torch::serialize::InputArchive archive;
    archive.load_from(in);
    c10::IValue belongs_to;
    archive.read("fingerprint", belongs_to);
    if (belongs_to.toStringRef() != fingerprint) return false;
    torch::Tensor table;
    archive.read("epochs", table);
    torch::serialize::InputArchive network_part;
    torch::serialize::InputArchive optimiser_part;
    archive.read("network", network_part);
    archive.read("optimiser", optimiser_part);
    network.load(network_part);
    optimiser.load(optimiser_part);
    epochs = from_tensor(table);
    return true;
  } catch (const c10::Error&) {
    throw base::InputError({file, 0, ""}, "is not a whole checkpoint", "delete it to start anew");
  }
}

}  // namespace lacuna::train

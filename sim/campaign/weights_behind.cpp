#include "campaign/weights_behind.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "arch/spec.hpp"
#include "network/onnx_import.hpp"
#include "run/job.hpp"
#include "schedule/residency.hpp"

namespace lacuna::campaign {

/// The map refers to the rest, so all of it stays where it is.
struct WeightsBehind::Mapped {
  Mapped(const Plan& plan, std::size_t machine, std::size_t model)
      : spec(arch::load_spec(plan.machines[machine])),
        network(network::import_onnx(network::find_model(plan.models[model]))),
        schedule(*run::map_batch(network, spec, std::min(plan.batch, plan.images))),
        residency(schedule, network, spec) {}

  arch::AcceleratorSpec spec;
  network::Network network;
  schedule::Schedule schedule;
  schedule::ResidencyMap residency;
};

WeightsBehind::WeightsBehind(const Plan& plan, std::size_t machine, std::size_t model)
    : mapped_(std::make_unique<Mapped>(plan, machine, model)) {}

WeightsBehind::~WeightsBehind() = default;

WeightsBehind::InCell WeightsBehind::at(const memory::CellPosition& cell) const {
  InCell result;
  for (const schedule::CellStay& held : mapped_->residency.stays(cell)) {
    const schedule::WeightIndex& own = held.weight;
    const std::string& layer = mapped_->network.layers[static_cast<std::size_t>(own.layer)].name;
    std::string name = fmt::format("{}:{},{},{},{}", layer, own.out, own.ky, own.kx, own.in);
    if (std::find(result.weights.begin(), result.weights.end(), name) == result.weights.end()) {
      result.weights.push_back(std::move(name));
    }
    result.code_bit = held.code_bit;
  }
  return result;
}

}  // namespace lacuna::campaign

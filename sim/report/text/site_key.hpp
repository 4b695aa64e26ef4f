// What one table or map of single faults is about.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>

#include "campaign/population.hpp"

namespace lacuna::report {

/// Machine, network, kind, shape and memory.
using SiteKey =
    std::tuple<std::size_t, std::size_t, campaign::FaultForm, std::string, memory::MemoryId>;

inline SiteKey site_key(const campaign::Population& own) {
  return {own.machine, own.model, own.form, own.shape.name(), own.memory};
}

}  // namespace lacuna::report

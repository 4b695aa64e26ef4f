// How each resource serves its steps: the one table that the mapper's estimate, both engines and
// the judge go by. What they make of it, each works out for itself. Source: docs/timing.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "arch/spec.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule {

/// When a resource starts a step whose waits are over. Either way it serves steps in list order,
/// one behind the other.
enum class Service : std::uint8_t {
  kOneAtATime,  ///< when the step before leaves it. The judge takes that for its end: right as long
                ///< as no such step has a tail (durations.hpp)
  kPipelined,   ///< while earlier ones still hold it: latencies run under each other
};

struct ResourceRule {
  Resource resource;
  const char* name;  ///< of its row in a timeline
  Service service;
  /// Cycles from a step's start to the first in which it can hold the resource.
  std::int64_t (*latency)(const arch::AcceleratorSpec& spec);
  /// Whether serial weight load makes it one resource with the others that say so.
  bool joined_by_serial_load;
};

inline std::int64_t dram_latency(const arch::AcceleratorSpec& spec) {
  return spec.dram.latency_cycles;
}
/// Unlimited lanes take no time at all.
inline std::int64_t post_latency(const arch::AcceleratorSpec& spec) {
  return spec.post.lanes ? spec.post.latency_cycles : 0;
}
inline std::int64_t no_latency(const arch::AcceleratorSpec& /*spec*/) { return 0; }

inline constexpr std::array<ResourceRule, kResources> kResourceRules{{
    {Resource::kDma, "DMA", Service::kPipelined, dram_latency, false},
    {Resource::kLoader, "weight load", Service::kOneAtATime, no_latency, true},
    {Resource::kArray, "stream", Service::kOneAtATime, no_latency, true},
    {Resource::kPost, "post", Service::kPipelined, post_latency, false},
}};

constexpr std::size_t index_of(Resource resource) { return static_cast<std::size_t>(resource); }

constexpr const ResourceRule& rule_of(Resource resource) {
  return kResourceRules[index_of(resource)];
}

static_assert(rule_of(Resource::kDma).resource == Resource::kDma &&
                  rule_of(Resource::kLoader).resource == Resource::kLoader &&
                  rule_of(Resource::kArray).resource == Resource::kArray &&
                  rule_of(Resource::kPost).resource == Resource::kPost,
              "in the order of Resource");

constexpr bool is_one_at_a_time(Resource resource) {
  return rule_of(resource).service == Service::kOneAtATime;
}

/// Whether the two take turns, so that a step of one starts when that of the other has ended.
inline bool are_joined(Resource one, Resource other, const arch::AcceleratorSpec& spec) {
  return one == other ||
         (spec.array.weight_load == arch::WeightLoad::kSerial &&
          rule_of(one).joined_by_serial_load && rule_of(other).joined_by_serial_load);
}

}  // namespace lacuna::schedule

#include "measure/counters.hpp"

namespace lacuna::measure {

CycleClasses& CycleClasses::operator+=(const CycleClasses& other) {
  stream += other.stream;
  weight_load += other.weight_load;
  memory_wait += other.memory_wait;
  post_wait += other.post_wait;
  idle += other.idle;
  return *this;
}

StreamSplit& StreamSplit::operator+=(const StreamSplit& other) {
  work += other.work;
  imbalance += other.imbalance;
  fill_drain += other.fill_drain;
  return *this;
}

MacCounts& MacCounts::operator+=(const MacCounts& other) {
  total += other.total;
  issued += other.issued;
  gated += other.gated;
  skipped += other.skipped;
  return *this;
}

AccessCounts& AccessCounts::operator+=(const AccessCounts& other) {
  reads += other.reads;
  writes += other.writes;
  return *this;
}

LayerCounters& LayerCounters::operator+=(const LayerCounters& other) {
  cycles += other.cycles;
  stream += other.stream;
  macs += other.macs;
  weight_sram += other.weight_sram;
  activation_sram += other.activation_sram;
  bitmap += other.bitmap;
  accumulators += other.accumulators;
  dram_read += other.dram_read;
  dram_written += other.dram_written;
  input_values += other.input_values;
  input_nonzeros += other.input_nonzeros;
  return *this;
}

}  // namespace lacuna::measure

// The sizes of the PE array.
#pragma once

namespace lacuna::systemc {

struct ArrayGeometry {
  int rows = 0;
  int cols = 0;
  int weights_per_pe = 1;
  int sets = 1;
  int psum_fifo_depth = 2;
  int local_accumulators = 1;
};

}  // namespace lacuna::systemc

// Which weights pass through a cell of a campaign's memory: from its machine and network files,
// which must still be what they were when it began. Maps them, but
// runs nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "campaign/plan.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::campaign {

class WeightsBehind {
 public:
  /// Throws base::InputError when the files are missing or cannot be used.
  WeightsBehind(const Plan& plan, std::size_t machine, std::size_t model);

  ~WeightsBehind();

  struct InCell {
    int code_bit = -1;                 ///< the same for all of them; -1: there are none
    std::vector<std::string> weights;  ///< "conv1:3,0,1,2", each once, by their first step
  };
  InCell at(const memory::CellPosition& cell) const;

 private:
  struct Mapped;
  std::unique_ptr<Mapped> mapped_;
};

}  // namespace lacuna::campaign

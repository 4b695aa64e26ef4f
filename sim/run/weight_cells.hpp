// Where the weights of a job lie: what fault plans that name weights are resolved by.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fault/weight_cells.hpp"
#include "run/job.hpp"

namespace lacuna::run {

/// Answers from the residency maps of the job's schedules. The job outlives it.
class JobWeightCells : public fault::WeightCells {
 public:
  explicit JobWeightCells(const Job& job);
  ~JobWeightCells() override;

  std::vector<std::string> layers() const override;
  std::optional<fault::WeightShape> shape(const std::string& layer) const override;
  void append_cells(const std::string& layer, const fault::WeightIndex& index, int bit,
                    std::int64_t step, std::vector<memory::CellPosition>* cells) const override;

 private:
  struct Place {
    std::size_t part;
    std::int32_t layer;
  };
  std::optional<Place> find(const std::string& layer) const;

  const Job& job_;
  struct Maps;
  std::unique_ptr<Maps> maps_;
};

}  // namespace lacuna::run

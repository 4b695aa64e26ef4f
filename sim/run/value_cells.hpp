// Where the values of a job's feature maps lie: what fault plans that name values are resolved by.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fault/value_cells.hpp"
#include "run/job.hpp"

namespace lacuna::run {

/// Answers from the residency maps of the job's schedules, those of smaller last batches, too. The
/// job outlives it.
class JobValueCells : public fault::ValueCells {
 public:
  explicit JobValueCells(const Job& job);
  ~JobValueCells() override;

  std::vector<std::string> layers() const override;
  std::optional<fault::ValueShape> shape(const std::string& layer) const override;
  void append_cells(const std::string& layer, const fault::ValueIndex& index, int bit, bool bitmap,
                    std::vector<memory::CellPosition>* cells) const override;

 private:
  struct Place {
    std::size_t part;
    std::int32_t map;  ///< that the layer reads
  };
  std::optional<Place> find(const std::string& layer) const;

  const Job& job_;
  struct Maps;
  std::unique_ptr<Maps> maps_;
};

}  // namespace lacuna::run

#include "engine/weight_cells.hpp"
namespace lacuna::engine {
struct JobWeightCells::Maps {};
JobWeightCells::JobWeightCells(const Job& job) : job_(job) {}
JobWeightCells::~JobWeightCells() = default;
std::vector<std::string> JobWeightCells::layers() const { return {}; }
std::optional<fault::WeightShape> JobWeightCells::shape(const std::string&) const { return std::nullopt; }
void JobWeightCells::append_cells(const std::string&, const fault::WeightIndex&, int, std::int64_t, std::vector<memory::CellPosition>*) const {}
}

// How a tensor of the file lies over a map. The machine keeps maps channels last; the file may show
// the same values channels first or last, flattened, or as a sequence.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "network/network.hpp"
#include "network/read/graph.hpp"

namespace lacuna::network {

/// For each axis of the tensor behind the batch: the axes of the map that it runs over, outermost
/// first. Axes of the map of size 1 are in none, so one may be read as any other.
class View {
 public:
  using Group = std::vector<Axis>;
  View() = default;
  View(std::vector<Group> groups, const MapShape& shape);

  const std::vector<Group>& groups() const { return groups_; }
  std::size_t rank() const { return groups_.size(); }
  /// Sizes of the tensor's axes behind the batch.
  Sizes sizes(const MapShape& shape) const;
  /// Whether axis `at` runs over that axis of the map alone, or over nothing.
  bool is(std::size_t at, Axis axis) const;
  /// Whether axis `at` runs over the channels alone, all of them.
  bool is_channels(std::size_t at, const MapShape& shape) const;
  /// [channels, height, width] or [channels, width]; [channels] where `flat`.
  bool is_channels_first() const;
  bool is_channels_last() const;
  /// One axis runs over all values.
  std::optional<std::size_t> whole() const;
  /// The axis that runs over the channels alone.
  std::optional<std::size_t> channels() const;

  /// The same values in axes of other sizes; nothing where an axis of the map would be torn apart.
  std::optional<View> reshaped(const MapShape& shape, const Sizes& to) const;
  View transposed(const std::vector<std::size_t>& perm) const;
  /// All axes of the map, outermost first in the tensor; those of size 1 anywhere.
  std::array<Axis, 3> axes() const;
  /// The map's values in the order of the tensor: positions in the map, channels last.
  std::vector<std::int64_t> order(const MapShape& shape) const;
  /// Values of the tensor between those of neighbours in the map along that axis, where one axis of
  /// the tensor runs over all values.
  std::int64_t stride(const MapShape& shape, Axis axis) const;

  friend bool operator==(const View& a, const View& b) { return a.groups_ == b.groups_; }
  friend bool operator!=(const View& a, const View& b) { return !(a == b); }

 private:
  std::vector<Group> groups_;
};

std::int64_t axis_size(const MapShape& shape, Axis axis);
View channels_first_view(const MapShape& shape, std::size_t rank);

}  // namespace lacuna::network

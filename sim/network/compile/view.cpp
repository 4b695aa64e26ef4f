#include "network/compile/view.hpp"

#include <algorithm>

namespace lacuna::network {

std::int64_t axis_size(const MapShape& shape, Axis axis) {
  switch (axis) {
    case Axis::kHeight:
      return shape.height;
    case Axis::kWidth:
      return shape.width;
    case Axis::kChannel:
      return shape.channels;
  }
  return 1;
}

View::View(std::vector<Group> groups, const MapShape& shape) : groups_(std::move(groups)) {
  for (Group& group : groups_) {
    Group kept;
    for (const Axis axis : group) {
      if (axis_size(shape, axis) != 1) kept.push_back(axis);
    }
    group = kept;
  }
}

View channels_first_view(const MapShape& shape, std::size_t rank) {
  if (rank == 1) return View({{Axis::kChannel, Axis::kHeight, Axis::kWidth}}, shape);
  if (rank == 2) return View({{Axis::kChannel}, {Axis::kHeight, Axis::kWidth}}, shape);
  return View({{Axis::kChannel}, {Axis::kHeight}, {Axis::kWidth}}, shape);
}

Sizes View::sizes(const MapShape& shape) const {
  Sizes result;
  for (const Group& group : groups_) {
    std::int64_t size = 1;
    for (const Axis axis : group) size *= axis_size(shape, axis);
    result.push_back(size);
  }
  return result;
}

bool View::is(std::size_t at, Axis axis) const {
  const Group& group = groups_[at];
  return group.empty() || (group.size() == 1 && group.front() == axis);
}

bool View::is_channels(std::size_t at, const MapShape& shape) const {
  return is(at, Axis::kChannel) && (shape.channels == 1 || !groups_[at].empty());
}

bool View::is_channels_first() const {
  if (rank() == 2) return is(0, Axis::kChannel) && is(1, Axis::kWidth);
  return rank() == 3 && is(0, Axis::kChannel) && is(1, Axis::kHeight) && is(2, Axis::kWidth);
}

bool View::is_channels_last() const {
  return rank() == 3 && is(0, Axis::kHeight) && is(1, Axis::kWidth) && is(2, Axis::kChannel);
}

std::optional<std::size_t> View::whole() const {
  std::optional<std::size_t> found = rank() == 0 ? std::nullopt : std::optional(rank() - 1);
  for (std::size_t i = 0; i < rank(); ++i) {
    if (groups_[i].empty()) continue;
    for (std::size_t j = 0; j < rank(); ++j) {
      if (j != i && !groups_[j].empty()) return std::nullopt;
    }
    found = i;
  }
  return found;
}

std::optional<std::size_t> View::channels() const {
  for (std::size_t i = 0; i < rank(); ++i) {
    if (groups_[i] == Group{Axis::kChannel}) return i;
  }
  return std::nullopt;
}

std::optional<View> View::reshaped(const MapShape& shape, const Sizes& to) const {
  Group axes;
  for (const Group& group : groups_) axes.insert(axes.end(), group.begin(), group.end());
  View result;
  std::size_t next = 0;
  for (const std::int64_t size : to) {
    Group group;
    std::int64_t reached = 1;
    while (reached < size && next < axes.size()) {
      reached *= axis_size(shape, axes[next]);
      group.push_back(axes[next++]);
    }
    if (reached != size) return std::nullopt;
    result.groups_.push_back(group);
  }
  return next == axes.size() ? std::optional(result) : std::nullopt;
}

std::array<Axis, 3> View::axes() const {
  std::array<Axis, 3> list{};
  std::size_t count = 0;
  for (const Group& group : groups_) {
    for (const Axis axis : group) list[count++] = axis;
  }
  for (const Axis axis : {Axis::kChannel, Axis::kHeight, Axis::kWidth}) {
    const auto end = list.begin() + static_cast<std::ptrdiff_t>(count);
    if (std::find(list.begin(), end, axis) == end) list[count++] = axis;
  }
  return list;
}

View View::transposed(const std::vector<std::size_t>& perm) const {
  View result;
  for (const std::size_t from : perm) result.groups_.push_back(groups_[from]);
  return result;
}

std::vector<std::int64_t> View::order(const MapShape& shape) const {
  const auto step = [&](Axis axis) {
    if (axis == Axis::kChannel) return std::int64_t{1};
    return axis == Axis::kWidth ? shape.channels : shape.channels * shape.width;
  };
  std::vector<std::int64_t> positions = {0};
  for (const Group& group : groups_) {
    for (const Axis axis : group) {
      std::vector<std::int64_t> finer;
      finer.reserve(positions.size() * static_cast<std::size_t>(axis_size(shape, axis)));
      for (const std::int64_t position : positions) {
        for (std::int64_t i = 0; i < axis_size(shape, axis); ++i) {
          finer.push_back(position + i * step(axis));
        }
      }
      positions = std::move(finer);
    }
  }
  return positions;
}

std::int64_t View::stride(const MapShape& shape, Axis axis) const {
  std::int64_t inner = 1;
  for (std::size_t i = rank(); i-- > 0;) {
    for (std::size_t j = groups_[i].size(); j-- > 0;) {
      if (groups_[i][j] == axis) return inner;
      inner *= axis_size(shape, groups_[i][j]);
    }
  }
  return 0;  // of size 1
}

}  // namespace lacuna::network

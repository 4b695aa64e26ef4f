#include "store/shard.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.hpp"

namespace lacuna::store {

std::string Shard::text() const { return std::to_string(index) + "/" + std::to_string(count); }

std::optional<Shard> parse_shard(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, bad_index] = std::from_chars(text.data(), end, shard.index);
  if (bad_index != std::errc() || slash == end || *slash != '/') return std::nullopt;
  const auto [rest, bad_count] = std::from_chars(slash + 1, end, shard.count);
  if (bad_count != std::errc() || rest != end || shard.count < 1 || shard.count > kMostShards ||
      shard.index < 0 || shard.index >= shard.count || shard.text() != text) {
    return std::nullopt;
  }
  return shard;
}

void ShardFiles::add(const Shard& shard, const std::string& path) {
  if (!paths_.empty() && shard.count != count_) {
    throw base::InputError({path, 0, "shard"},
                           "is " + shard.text() + ", and " + paths_.begin()->second +
                               " is one of " + std::to_string(count_),
                           "shards of one number");
  }
  count_ = shard.count;
  const auto [there, is_new] = paths_.emplace(shard.index, path);
  if (is_new) return;
  throw base::InputError({path, 0, "shard"}, "is " + shard.text() + " as " + there->second + " is",
                         "each shard once");
}

void Missing::add(std::int64_t number) {
  constexpr std::size_t kMostNamed = 8;
  Numbers& own = of_[number % files_.count()];
  if (own.first.size() < kMostNamed) own.first.push_back(number);
  ++own.count;
}

void Missing::expect_none(const std::string& command) const {
  constexpr std::size_t kMostLines = 20;
  std::vector<std::string> lines;
  std::size_t more = 0;
  std::int64_t shards = 0;
  for (std::int64_t index = 0; index < files_.count(); ++index) {
    const auto path = files_.paths().find(index);
    const auto lacking = of_.find(index);
    const bool is_there = path != files_.paths().end();
    if (is_there && lacking == of_.end()) continue;
    shards += is_there ? 0 : 1;
    if (lines.size() == kMostLines) {
      ++more;
      continue;
    }
    std::string line = "shard " + Shard{index, files_.count()}.text() +
                       (is_there ? " (" + path->second + ")" : "") + ": ";
    if (lacking == of_.end()) {
      line += "all of its " + what_;
    } else {
      line += what_ + " ";
      for (const std::int64_t number : lacking->second.first) {
        line += (number == lacking->second.first.front() ? "" : ", ") + std::to_string(number);
      }
      const auto rest =
          lacking->second.count - static_cast<std::int64_t>(lacking->second.first.size());
      if (rest > 0) line += " and " + std::to_string(rest) + " more";
    }
    lines.push_back(std::move(line));
  }
  if (lines.empty()) return;
  if (more > 0) lines.push_back("and " + std::to_string(more) + " shards more");
  throw base::InputError({"", 0, "merge"},
                         (shards > 0 ? std::to_string(shards) + " of " +
                                           std::to_string(files_.count()) + " shards are missing"
                                     : what_ + " are missing") +
                             ", so nothing is written",
                         lines, command);
}

}  // namespace lacuna::store

// How large a file of each kind may be. Files are read whole, so that a limit stands before the
// memory; each leaves room above what such a file can have to say.
#pragma once

#include <cstdint>

namespace lacuna::base {

/// People write them: machines, plans, cards, energy tables.
inline constexpr std::int64_t kMaxYamlBytes = std::int64_t{1} << 20;
/// A table of layers: 10^5 rows of up to 160 bytes.
inline constexpr std::int64_t kMaxWorkloadBytes = std::int64_t{16} << 20;
/// A run record: some 2 kB a layer.
inline constexpr std::int64_t kMaxRecordBytes = std::int64_t{64} << 20;
/// A timeline or a record that becomes part of a page: what a browser still opens.
inline constexpr std::int64_t kMaxPageJsonBytes = std::int64_t{256} << 20;
/// The page's chart library has 1 MB.
inline constexpr std::int64_t kMaxLibraryBytes = std::int64_t{16} << 20;
/// 2^28 weights of a byte (network/limits.hpp), with scales and names.
inline constexpr std::int64_t kMaxModelBytes = std::int64_t{512} << 20;
/// Images and labels, packed or not: 10^5 images of 5 kB.
inline constexpr std::int64_t kMaxImagesBytes = std::int64_t{512} << 20;
/// A map of 2^24 faults in lines of up to 64 bytes.
inline constexpr std::int64_t kMaxFaultMapBytes = std::int64_t{1} << 30;

}  // namespace lacuna::base

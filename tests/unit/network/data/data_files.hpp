// Data sets as other programs write them, made without the libraries that read them where that is
// little work.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "network/network.hpp"

namespace lacuna::network::test {

std::string big_endian_word(std::int64_t value);
std::string little_endian(std::uint64_t value, int bytes);
std::string gzipped(const std::string& bytes, int level = 9);

/// `type` as IDX has it, as 0x08; values as bytes.
std::string idx_file(int type, const std::vector<std::int64_t>& sizes, const std::string& values);

/// `descr` and `shape` as Python writes them, as "<f4" and "(2, 3)".
std::string npy_file(const std::string& descr, const std::string& shape, const std::string& values,
                     const std::string& order = "False");
std::string float_bytes(const std::vector<float>& values);

/// A zip archive of members, by libzip.
std::string zip_file(const std::vector<std::pair<std::string, std::string>>& members, bool packed);

/// 8 bits a value; `kind` as PNG numbers them: 0 grey, 2 colour, 3 palette (of 256 greys, i and
/// 255 - i and 7), 4 grey with alpha, 6 colour with alpha. Rows without filters. Its header may
/// claim another height.
std::string png_file(std::int64_t height, std::int64_t width, int kind, const std::string& values,
                     std::int64_t claimed = 0);

/// By libjpeg-turbo, quality 100 and without subsampling.
std::string jpeg_file(int height, int width, int channels, const std::string& values,
                      bool progressive = false);

/// What the InputError says that a call throws; empty where it throws none.
std::string error_of(const std::function<void()>& call);

/// A network that does nothing but read: 8 bits unsigned, steps of 1/255, ten classes.
Network reading(const MapShape& input);

}  // namespace lacuna::network::test

// What is said about data sets that cannot be used.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "errors/network/golden_messages.hpp"
#include "network/data/feeder.hpp"
#include "network/data_set.hpp"
#include "unit/network/data/data_files.hpp"

namespace lacuna::network::test {
namespace {

std::string idx(const std::string& header, std::size_t values) {
  return header + std::string(values, '\1');
}

const std::string& images() {
  static const std::string kImages =
      idx(std::string("\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03", 16), 12);
  return kImages;
}
const std::string& labels() {
  static const std::string kLabels = idx(std::string("\0\0\x08\x01\0\0\0\x02", 8), 2);
  return kLabels;
}

ErrorCase with_images(const char* name, const std::string& bytes) {
  return {name, [bytes] { test_set_from_bytes(bytes, labels(), "images", "labels"); }};
}
ErrorCase with_labels(const char* name, const std::string& bytes) {
  return {name, [bytes] { test_set_from_bytes(images(), bytes, "images", "labels"); }};
}

std::string broken(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
  return bytes;
}

Network network_of(const MapShape& input) {
  Network network = reading(input);
  network.name = "lenet5";
  return network;
}

TEST(DataSetErrors, GivenAnUnusableDataSetThenTheFileIsNamed) {
  const std::string gzip = gzipped(images());
  const DataSet data = test_set_from_bytes(images(), labels(), "images", "labels");
  expect_golden(
      {
          {"missing_folder", [] { load_test_set("/nowhere"); }},
          with_images("empty", ""),
          with_images("header_cut", images().substr(0, 15)),
          with_images("labels_instead_of_images", labels() + "12345678"),
          with_labels("images_instead_of_labels", images()),
          with_images("truncated", images().substr(0, 27)),
          with_images("trailing", images() + "x"),
          with_images("no_images", std::string("\0\0\x08\x03\0\0\0\0\0\0\0\x02\0\0\0\x03", 16)),
          with_images(
              "huge_claim",
              std::string("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16)),
          with_images("claim_of_a_gigabyte",
                      std::string("\0\0\x08\x03\0\0\x10\0\0\0\x02\0\0\0\x02\0", 16)),
          with_labels("counts_differ", idx(std::string("\0\0\x08\x01\0\0\0\x03", 8), 3)),
          with_images("gzip_cut", gzip.substr(0, gzip.size() - 9)),
          with_images("gzip_without_checksum", gzip.substr(0, gzip.size() - 8)),
          with_images("gzip_wrong_checksum", broken(gzip, gzip.size() - 8)),
          with_images("gzip_trailing", gzip + "x"),
          with_images("gzip_header_only", gzip.substr(0, 4)),
          with_images("gzip_of_too_much", gzipped(images() + "x")),
          {"image_size",
           [data] {
             check_data_fits(data, network_of(MapShape{28, 28, 1}));
           }},
          {"label_range",
           [data] {
             DataSet other = data;
             other.labels[0] = 10;
             check_data_fits(other, network_of(MapShape{2, 3, 1}));
           }},
          {"quantise_other_size",
           [data] {
             quantise_pixels(data, 0, network_of(MapShape{2, 3, 3}));
           }},
          {"quantise_no_such_image",
           [data] {
             quantise_pixels(data, 2, network_of(MapShape{2, 3, 1}));
           }},
      },
      "idx.txt");
}

TEST(DataSetErrors, GivenFilesCutOffAnywhereThenAnError) {
  const std::string gzip = gzipped(images());
  for (const std::string& bytes : {images(), gzip}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THROW(test_set_from_bytes(bytes.substr(0, size), labels(), "images", "labels"),
                   base::InputError)
          << size;
    }
  }
}

}  // namespace
}  // namespace lacuna::network::test

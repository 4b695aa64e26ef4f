// What is said about data sets in formats other than IDX.
#include <gtest/gtest.h>

#include "errors/network/golden_messages.hpp"
#include "network/data/formats.hpp"
#include "network/data/picture.hpp"
#include "unit/network/data/data_files.hpp"

namespace lacuna::network::test {
namespace {

ErrorCase array(const char* name, const std::string& bytes) {
  return {name, [bytes] {
            DataSet data;
            take_images(array_from_bytes(bytes, "a.npy"), data);
          }};
}
ErrorCase npz(const char* name, const std::string& bytes) {
  return {name, [bytes] { npz_from_bytes(bytes, "a.npz"); }};
}
ErrorCase picture(const char* name, const std::string& bytes) {
  return {name, [bytes] { decode_picture(bytes, "p"); }};
}

TEST(DataErrors, GivenUnusableFilesThenFileAndReasonAreNamed) {
  const std::string images = npy_file("|u1", "(2, 1)", "ab");
  const std::string png = png_file(1, 1, 0, "a");
  const std::string jpeg = jpeg_file(8, 8, 1, std::string(64, '\x55'));
  expect_golden(
      {
          array("npy_header_cut", images.substr(0, 20)),
          array("npy_version", std::string("\x93NUMPY\x09\0", 8)),
          array("npy_header_large", std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12)),
          array("npy_key", npy_file("|u1', 'x': '", "(2, 1)", "ab")),
          array("npy_type", npy_file("<c8", "(1, 1)", "12345678")),
          array("npy_label_type", npy_file("<i4", "(1, 1)", "1234")),
          array("npy_fortran", npy_file("|u1", "(2, 1)", "ab", "True")),
          array("npy_shape_huge", npy_file("|u1", "(4294967296, 4294967296)", "ab")),
          array("npy_shape_beyond", npy_file("|u1", "(99999999999999999999, 1)", "ab")),
          array("npy_shape_negative", npy_file("|u1", "(-1, 1)", "ab")),
          array("npy_more_claimed", npy_file("<f8", "(1000, 1000)", "12345678")),
          array("npy_more_there", images + "c"),
          array("npy_one_dimension", npy_file("|u1", "(2,)", "ab")),
          npz("npz_damaged", "PK\3\4nonsense"),
          npz("npz_empty", zip_file({{"n.txt", "x"}}, false)),
          npz("npz_no_images", zip_file({{"a.npy", images}, {"b.npy", images}}, false)),
          npz("npz_labels_differ",
              zip_file({{"x.npy", images}, {"y.npy", npy_file("|u1", "(1,)", "a")}}, true)),
          npz("npz_bomb", zip_file({{"x.npy", npy_file("|u1", "(1048576, 1048576)",
                                                       std::string(1 << 20, 'a'))}},
                                   true)),
          npz("npz_bomb_of_what_it_claims",
              zip_file({{"x.npy", npy_file("|u1", "(1, 134217728)", std::string(1 << 27, 'a'))}},
                       true)),
          {"cifar_size",
           [] {
             DataSet data;
             add_cifar_batch(std::string(3000, '\1'), "a.bin", data);
           }},
          {"cifar_label",
           [] {
             DataSet data;
             add_cifar_batch(std::string(3073, '\x7f'), "a.bin", data);
           }},
          picture("picture_unknown", "GIF89a"),
          picture("png_cut", png.substr(0, png.size() - 20)),
          picture("jpeg_cut", jpeg.substr(0, jpeg.size() - 6)),
          picture("pnm_cut", "P5 2 2 255\nabc"),
          picture("pnm_value", "P2 1 1 7 8"),
      },
      "data.txt");
}

}  // namespace
}  // namespace lacuna::network::test

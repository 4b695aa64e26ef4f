// What is said about workloads that cannot be used.
#include <gtest/gtest.h>

#include "errors/network/golden_messages.hpp"
#include "network/workload.hpp"

namespace lacuna::network::test {
namespace {

ErrorCase file(const char* name, const std::string& bytes) {
  return {name, [bytes] { check_values(workload_from_bytes(bytes, "w.csv")); }};
}
ErrorCase gemm(const char* name, const std::string& row) {
  return file(name, "layer,M,N,K,density\nok,1,1,1,1\n" + row + "\n");
}
ErrorCase conv(const char* name, const std::string& row) {
  return file(name,
              "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride,padding,groups\n" +
                  row + "\n");
}
ErrorCase scalesim(const char* name, const std::string& row) {
  return file(name,
              "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, "
              "Num Filter, Strides,\n" +
                  row + "\n");
}

TEST(WorkloadErrors, GivenAnUnusableWorkloadThenLineAndColumnAreNamed) {
  expect_golden(
      {
          {"missing_file", [] { load_workload("/nowhere/w.csv"); }},
          file("empty", ""),
          file("only_a_header", "layer,M,N,K\n"),
          file("unknown_header", "layer,M,N\na,1,1\n"),
          file("unknown_column", "layer,M,N,K,sparsity\na,1,1,1,1\n"),
          file("sparsity_column",
               "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num "
               "Filter, Strides, Sparsity,\nc1, 5, 5, 3, 3, 2, 6, 1, 2:4,\n"),
          scalesim("sparsity_without_a_title", "c1, 5, 5, 3, 3, 2, 6, 1, 2:4,"),
          file("misspelt_column",
               "layer,in_h,in_w,kernel_h,kernal_w,in_channels,out_channels,"
               "stride\na,1,1,1,1,1,1,1\n"),
          file("scalesim_misspelt_column",
               "Layer, IFMAP Height, IFMAP Width, Filter Hight, Filter "
               "Width, Channels, Num Filter, Strides\n"),
          file("scalesim_missing_column", "Layer, IFMAP Height, IFMAP Width, Filter Height\n"),
          file("missing_column", "layer,in_h,in_w,kernel_h,kernel_w,in_channels,stride\n"),
          file("one_stride",
               "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride_h\n"),
          file("padding_said_twice",
               "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,"
               "stride,padding,pad_left\n"),
          file("optional_columns_twice", "layer,M,N,K,density,density\na,1,1,1,1,1\n"),
          file("unprintable_header", std::string("\xff\xfe\0l", 4)),
          file("many_columns", std::string(80, ',') + "\n"),
          gemm("too_few_fields", "a,1,2,3"),
          gemm("too_many_fields", "a,1,2,3,1,5"),
          gemm("quote_within", "a\"b,1,2,3,1"),
          gemm("no_name", ",1,2,3,1"),
          gemm("unprintable_name", "a\x01,1,2,3,1"),
          gemm("zero", "a,0,2,3,1"),
          gemm("negative", "a,1,-2,3,1"),
          gemm("fraction", "a,1,2,3.5,1"),
          gemm("overflow", "a,99999999999999999999,2,3,1"),
          gemm("above_the_largest_dimension", "a,1,65537,3,1"),
          gemm("empty_number", "a,1,,3,1"),
          gemm("hexadecimal", "a,0x10,2,3,1"),
          gemm("too_large", "a,65536,1,65536,1"),
          gemm("density_above_one", "a,1,2,3,1.01"),
          gemm("density_negative", "a,1,2,3,-0.1"),
          gemm("density_nan", "a,1,2,3,nan"),
          gemm("density_no_number", "a,1,2,3,half"),
          gemm("density_empty", "a,1,2,3, ,"),
          conv("stride_zero", "a,5,5,3,3,4,4,0,0,1"),
          conv("padding_as_wide_as_the_kernel", "a,5,5,3,3,4,4,1,3,1"),
          conv("one_padding_for_a_flat_kernel", "same,1,32,1,3,16,16,1,1,1"),
          conv("padding_negative", "a,5,5,3,3,4,4,1,-1,1"),
          conv("groups_do_not_divide", "a,5,5,3,3,4,6,1,0,4"),
          conv("kernel_higher_than_input", "a,5,9,8,3,4,4,1,1,1"),
          conv("kernel_wider_than_input", "a,9,5,3,8,4,4,1,1,1"),
          conv("too_many_weights", "a,9,9,9,9,65536,65536,1,0,1"),
          scalesim("scalesim_kernel_higher_than_input", "a, 5, 5, 6, 3, 4, 4, 1,"),
          scalesim("scalesim_letters", "a, 5, five, 3, 3, 4, 4, 1,"),
      },
      "workload.txt");
}

}  // namespace
}  // namespace lacuna::network::test

// From the integers that an engine gives for a network's outputs to what the file says they are.
#pragma once

#include <cstdint>
#include <vector>

#include "network/network.hpp"

namespace lacuna::network {

/// Where the integers of an output begin among those of an image.
std::int64_t output_offset(const Network& network, std::size_t output);

/// Real values of an output before its tail, [y][x][channel]; `raw` are the image's integers of all
/// outputs.
std::vector<float> real_values(const Network& network, std::size_t output, const std::int32_t* raw);

/// The same from the integers of that output alone; to `values`, of which there are as many.
void real_values(const Network& network, std::size_t output, const std::int32_t* integers,
                 float* values);

/// An output as the file defines it: with its tail, in the file's order.
std::vector<float> file_values(const Network& network, std::size_t output, const std::int32_t* raw);

/// The output that says a class: the first that is a vector, of more than one value; -1: none.
int class_output(const Network& network);
/// How many classes there are; 0 without such an output.
std::int64_t class_count(const Network& network);

/// The class of an image: of the largest real value in front of the tail, of equals that of the
/// largest integer, then the lowest. There is a class output.
int top1(const Network& network, const std::int32_t* raw);
/// The same where the class output's real values are known; `integers` are that output's.
int top1(const float* values, const std::int32_t* integers, std::int64_t classes);
/// How many classes come before `of` in that order: 0 for the first.
int class_rank(const float* values, const std::int32_t* integers, std::int64_t classes, int of);

}  // namespace lacuna::network

// What the mutation tests of the readers share.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>

namespace lacuna::network::test {

/// Mutants to read, from the environment's LACUNA_FUZZ_COUNT; 3000 where it is not set.
int mutant_count();

/// Seeds the mutants, from LACUNA_FUZZ_SEED; 1 where it is not set.
unsigned mutant_seed();

/// Uniform in 0..count-1, the same with every standard library.
std::size_t pick(std::mt19937& random, std::size_t count);

/// A number of the kind that breaks readers: small, a power of two and its neighbours, an extreme.
std::int64_t nasty_integer(std::mt19937& random);

/// Flips, inserts, removes, repeats or cuts off bytes, 1 to 4 times.
void mutate_bytes(std::string& bytes, std::mt19937& random);

/// Calls `read` and returns true when it accepts. Lets nothing but base::InputError escape: any
/// other exception fails the test and writes `bytes` to a file that the failure names.
bool accepts(const std::function<void()>& read, const std::string& bytes, int mutant);

}  // namespace lacuna::network::test

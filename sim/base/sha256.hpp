// SHA-256 of bytes, as lower-case hex (OpenSSL's libcrypto does the work).
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace lacuna::base {

/// Streaming hash: update() any number of times, then hex() once.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(const void* data, std::size_t size);
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(const std::string& bytes);

}  // namespace lacuna::base

// The one exception of the trainer: a message that a person can act on.
#pragma once

#include <stdexcept>

namespace lacuna::train {

class TrainError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace lacuna::train

// What must hold between the fields of a spec. Private to the room.
#pragma once

#include <functional>
#include <string>

#include "arch/spec.hpp"
#include "base/error.hpp"

namespace lacuna::arch {

/// Where the value of a dotted key was written.
using PlaceOf = std::function<base::Place(const std::string& key)>;

/// Checks relations only; every field must be in its range. Throws base::InputError.
void check_relations(const AcceleratorSpec& spec, const PlaceOf& place_of);

}  // namespace lacuna::arch

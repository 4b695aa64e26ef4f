// What selectors of a layer's tensor read alike.
#pragma once

#include <string>

#include "base/error.hpp"
#include "config/document.hpp"
#include "fault/axis.hpp"

namespace lacuna::fault {

struct LayerKeys {
  std::string layer;
  base::Place layer_place;
  Axis bit;  ///< of the codes
};

/// Throws base::InputError beside keys of positions.
inline LayerKeys read_layer_keys(const config::Section& where) {
  for (const char* physical : {"bank", "row"}) {
    if (where.has(physical)) {
      throw base::InputError(where.place(physical), "cannot stand beside layer",
                             "either layer and index, or bank and row");
    }
  }
  LayerKeys keys;
  keys.layer = where.required<std::string>("layer");
  keys.layer_place = where.place("layer");
  keys.bit = read_axis(where, "bit");
  return keys;
}

}  // namespace lacuna::fault

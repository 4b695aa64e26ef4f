// What an SDC is: the networks of a campaign say a class, or any value counts.
#pragma once

#include <string>

#include "campaign/store.hpp"

namespace lacuna::report {

/// "the top-1", "an output value", or, where some networks say a class and some do not, both.
std::string sdc_subject(const campaign::Store& store);

/// "SDC: images whose top-1 differs from the fault-free one", as the subject is.
std::string sdc_text(const campaign::Store& store);

}  // namespace lacuna::report

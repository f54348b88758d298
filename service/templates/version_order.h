// Which of two versions is higher.
#pragma once

#include <string_view>

namespace tasker::service {

// The order of semantic versions (semver.org 2.0, without build metadata): numbers by value, a
// pre-release below its release. Texts that are no semantic versions come below all that are, in
// the order of their bytes. True if `a` is lower than `b`. A strict weak order.
bool LowerVersion(std::string_view a, std::string_view b);

}  // namespace tasker::service

// Events that tell of the same change as another, and are not stored.
#pragma once

#include <span>
#include <string_view>

namespace tasker::service {

// The names of the events that tell of the same change as the stored event of that name, in the
// order of their facets, from 1. Their payload is the stored one's. Valid for ever.
std::span<const std::string_view> MirrorsOf(std::string_view event_name);

}  // namespace tasker::service

// Events that tell of the same change as another, and are not stored.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tasker::service {

// The names of the events that tell of the same change as the stored event of that name, in the
// order of their facets, from 1. Their payload is the stored one's. Valid for ever.
std::span<const std::string_view> MirrorsOf(std::string_view event_name);

// The name of the stored event under one of its facets; nullopt: it has no such facet.
std::optional<std::string_view> NameOfFacet(std::string_view event_name, std::uint32_t facet);

}  // namespace tasker::service

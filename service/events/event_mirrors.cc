#include "service/events/event_mirrors.h"

#include "config/events/event_catalog.h"

namespace tasker::service {

std::span<const std::string_view> MirrorsOf(std::string_view event_name) {
  return config::EventCatalog::BuiltIn().MirrorsOf(event_name);
}

std::optional<std::string_view> NameOfFacet(std::string_view event_name, std::uint32_t facet) {
  if (facet == 0) return event_name;
  const std::span<const std::string_view> mirrors = MirrorsOf(event_name);
  if (facet > mirrors.size()) return std::nullopt;
  return mirrors[facet - 1];
}

}  // namespace tasker::service

#include "service/events/event_mirrors.h"

#include "config/events/event_catalog.h"

namespace tasker::service {

std::span<const std::string_view> MirrorsOf(std::string_view event_name) {
  return config::EventCatalog::BuiltIn().MirrorsOf(event_name);
}

}  // namespace tasker::service

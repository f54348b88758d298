// The catalog of events as callers see it.
#pragma once

#include "absl/status/statusor.h"

#include "service/events/declared_events.h"
#include "tasker/v1/event_catalog.pb.h"

namespace tasker::service {

// Contract of both: EventService of tasker/v1/event_service.proto. `declared` is what the templates
// that are applied declare.
absl::StatusOr<v1::ListEventsResponse> ListEvents(const v1::ListEventsRequest& request,
                                                  const Declarations& declared);
absl::StatusOr<v1::GetEventInfoResponse> GetEventInfo(const v1::GetEventInfoRequest& request,
                                                      const Declarations& declared);

}  // namespace tasker::service

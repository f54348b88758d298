// Events that tell of who is connected to the service, and of its named subscriptions.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

#include "engine/model/time.h"
#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/event.pb.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::service {

// All of these are complete: they are ready to be stored. What callers gave is cut to a length that
// one event may have.

// A named subscription was made.
storage::v1::EventRecord SubscriberRegistered(std::string_view name, const v1::EventFilter& filter,
                                              engine::Timestamp now);

// A named subscription was deleted.
storage::v1::EventRecord SubscriberUnregistered(std::string_view name, engine::Timestamp now);

// A named subscription was refused. `name` is what was asked for, whatever it is.
storage::v1::EventRecord SubscriberRefused(std::string_view name, const absl::Status& why,
                                           engine::Timestamp now);

// A handler's registration was refused. `passed_over`: others since the last that was told of.
storage::v1::EventRecord HandlerRefused(const v1::Register& asked, const absl::Status& why,
                                        std::uint64_t passed_over, engine::Timestamp now);

}  // namespace tasker::service

// One call of Subscribe without a name.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include <grpcpp/grpcpp.h>

#include "service/events/event_cursor.h"
#include "service/events/event_filter.h"
#include "service/events/event_hub.h"
#include "service/events/event_log.h"
#include "service/events/task_snapshot.h"

namespace tasker::service {

// Sends what lies behind `after`. The call keeps itself alive until gRPC is done with it; `hub`
// must outlive it.
grpc::ServerWriteReactor<grpc::ByteBuffer>* BeginToFollow(EventHub& hub, EventFilter filter,
                                                          const EventCursor& after,
                                                          const FeedOptions& options);

// Sends the tasks of `snapshot`, at the reader's pace, and then what lies behind its start. `log`
// must outlive it as well.
grpc::ServerWriteReactor<grpc::ByteBuffer>* BeginWithSnapshot(
    EventHub& hub, const EventLog& log, std::unique_ptr<TaskSnapshot> snapshot,
    const FeedOptions& options);

// A call that fails before it begins.
grpc::ServerWriteReactor<grpc::ByteBuffer>* RefuseToFollow(const absl::Status& why);

}  // namespace tasker::service

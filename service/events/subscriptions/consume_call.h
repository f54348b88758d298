// One call of Subscribe by a consumer of a named subscription.
#pragma once

#include <grpcpp/grpcpp.h>

#include "service/events/subscriptions/subscriptions.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// The call, which keeps itself alive until gRPC is done with it. `subscriptions` must outlive it.
grpc::ServerWriteReactor<grpc::ByteBuffer>* BeginToConsume(
    Subscriptions& subscriptions, Subscriptions::Wanted wanted,
    NamedSubscription::ConsumerOptions options);

}  // namespace tasker::service

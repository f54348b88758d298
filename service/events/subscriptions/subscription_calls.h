// The calls about named subscriptions: checked here, done by Subscriptions.
#pragma once

#include <grpcpp/grpcpp.h>

#include "service/events/subscriptions/subscriptions.h"
#include "service/pipeline/known_positions.h"
#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/event_service.proto. Safe for concurrent use. Pointers must outlive it and
// every call.
class SubscriptionCalls {
 public:
  SubscriptionCalls(Subscriptions* subscriptions, const KnownPositions* positions)
      : subscriptions_(*subscriptions), positions_(*positions) {}

  // Precondition: `request` names a subscription. `feed`: what of it holds for all calls, or what
  // is wrong with that.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(const v1::SubscribeRequest& request,
                                                        const absl::StatusOr<FeedOptions>& feed);

  grpc::ServerUnaryReactor* Create(grpc::CallbackServerContext* context,
                                   const v1::CreateSubscriptionRequest* request,
                                   v1::CreateSubscriptionResponse* response);
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                const v1::GetSubscriptionRequest* request,
                                v1::GetSubscriptionResponse* response);
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const v1::ListSubscriptionsRequest* request,
                                 v1::ListSubscriptionsResponse* response);
  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context,
                                   const v1::DeleteSubscriptionRequest* request,
                                   v1::DeleteSubscriptionResponse* response);
  grpc::ServerUnaryReactor* Reset(grpc::CallbackServerContext* context,
                                  const v1::ResetSubscriptionRequest* request,
                                  v1::ResetSubscriptionResponse* response);
  grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context,
                                        const v1::AcknowledgeRequest* request,
                                        v1::AcknowledgeResponse* response);

 private:
  Subscriptions& subscriptions_;
  const KnownPositions& positions_;
};

}  // namespace tasker::service

// The gRPC door to events.
#pragma once

#include <atomic>

#include <grpcpp/grpcpp.h>

#include "service/events/event_hub.h"
#include "service/events/event_log.h"
#include "service/events/subscriptions/subscription_calls.h"
#include "service/pipeline/partition_runner.h"
#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/event_service.proto. Pointers must outlive it and every call.
class EventService final : public v1::EventService::CallbackService {
 public:
  EventService(storage::PartitionId partition, EventLog* log, EventHub* hub,
               PartitionRunner* runner, SubscriptionCalls* subscriptions)
      : partition_(partition),
        log_(*log),
        hub_(*hub),
        runner_(*runner),
        subscriptions_(*subscriptions) {}

  grpc::ServerWriteReactor<v1::SubscribeResponse>* Subscribe(
      grpc::CallbackServerContext* context, const v1::SubscribeRequest* request) override;

  grpc::ServerUnaryReactor* PublishEvent(grpc::CallbackServerContext* context,
                                         const v1::PublishEventRequest* request,
                                         v1::PublishEventResponse* response) override;

  grpc::ServerUnaryReactor* CreateSubscription(grpc::CallbackServerContext* context,
                                               const v1::CreateSubscriptionRequest* request,
                                               v1::CreateSubscriptionResponse* response) override {
    return subscriptions_.Create(context, request, response);
  }
  grpc::ServerUnaryReactor* GetSubscription(grpc::CallbackServerContext* context,
                                            const v1::GetSubscriptionRequest* request,
                                            v1::GetSubscriptionResponse* response) override {
    return subscriptions_.Get(context, request, response);
  }
  grpc::ServerUnaryReactor* ListSubscriptions(grpc::CallbackServerContext* context,
                                              const v1::ListSubscriptionsRequest* request,
                                              v1::ListSubscriptionsResponse* response) override {
    return subscriptions_.List(context, request, response);
  }
  grpc::ServerUnaryReactor* DeleteSubscription(grpc::CallbackServerContext* context,
                                               const v1::DeleteSubscriptionRequest* request,
                                               v1::DeleteSubscriptionResponse* response) override {
    return subscriptions_.Delete(context, request, response);
  }
  grpc::ServerUnaryReactor* ResetSubscription(grpc::CallbackServerContext* context,
                                              const v1::ResetSubscriptionRequest* request,
                                              v1::ResetSubscriptionResponse* response) override {
    return subscriptions_.Reset(context, request, response);
  }
  grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context,
                                        const v1::AcknowledgeRequest* request,
                                        v1::AcknowledgeResponse* response) override {
    return subscriptions_.Acknowledge(context, request, response);
  }

  // Refuses new calls with UNAVAILABLE.
  void Drain() { draining_ = true; }

 private:
  std::atomic<bool> draining_{false};
  const storage::PartitionId partition_;
  EventLog& log_;
  EventHub& hub_;
  PartitionRunner& runner_;
  SubscriptionCalls& subscriptions_;
};

}  // namespace tasker::service

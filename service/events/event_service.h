// The gRPC door to events.
#pragma once

#include <atomic>

#include <grpcpp/grpcpp.h>

#include "service/events/declared_events.h"
#include "service/events/event_hub.h"
#include "service/events/event_log.h"
#include "service/events/event_start.h"
#include "service/events/subscriptions/subscription_calls.h"
#include "service/events/task_snapshot.h"
#include "service/pipeline/partition_runner.h"
#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/event_service.proto. Pointers must outlive it and every call.
//
// Subscribe writes bytes rather than messages, since many subscribers are sent the same ones.
class EventService final
    : public v1::EventService::WithRawCallbackMethod_Subscribe<v1::EventService::CallbackService> {
 public:
  // `only_declared`: see Settings::refuse_undeclared_events.
  EventService(storage::Store* store, const TaskReader* tasks, EventLog* log, EventHub* hub,
               PartitionRunner* runner, SubscriptionCalls* subscriptions,
               const DeclaredEvents* declared, bool only_declared)
      : partition_(log->partition()),
        snapshots_({store, tasks}),
        starts_(store, log),
        log_(*log),
        hub_(*hub),
        runner_(*runner),
        subscriptions_(*subscriptions),
        declared_(*declared),
        only_declared_(only_declared) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* message) override;

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
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;

  grpc::ServerUnaryReactor* GetEventInfo(grpc::CallbackServerContext* context,
                                         const v1::GetEventInfoRequest* request,
                                         v1::GetEventInfoResponse* response) override;

  // Refuses new calls with UNAVAILABLE.
  void Drain() { draining_ = true; }

 private:
  std::atomic<bool> draining_{false};
  const storage::PartitionId partition_;
  const TaskSnapshot::Source snapshots_;
  const EventStarts starts_;
  const EventLog& log_;
  EventHub& hub_;
  PartitionRunner& runner_;
  SubscriptionCalls& subscriptions_;
  const DeclaredEvents& declared_;
  const bool only_declared_;
};

}  // namespace tasker::service

// The gRPC door to events.
#pragma once

#include <atomic>

#include <grpcpp/grpcpp.h>

#include "service/events/declared_events.h"
#include "service/events/event_hub.h"
#include "service/events/event_log.h"
#include "service/pipeline/partition_runner.h"
#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/event_service.proto. Pointers must outlive it and every call.
class EventService final : public v1::EventService::CallbackService {
 public:
  // `only_declared`: see Settings::refuse_undeclared_events.
  EventService(storage::PartitionId partition, EventLog* log, EventHub* hub,
               PartitionRunner* runner, const DeclaredEvents* declared, bool only_declared)
      : partition_(partition),
        log_(*log),
        hub_(*hub),
        runner_(*runner),
        declared_(*declared),
        only_declared_(only_declared) {}

  grpc::ServerWriteReactor<v1::SubscribeResponse>* Subscribe(
      grpc::CallbackServerContext* context, const v1::SubscribeRequest* request) override;

  grpc::ServerUnaryReactor* PublishEvent(grpc::CallbackServerContext* context,
                                         const v1::PublishEventRequest* request,
                                         v1::PublishEventResponse* response) override;

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
  EventLog& log_;
  EventHub& hub_;
  PartitionRunner& runner_;
  const DeclaredEvents& declared_;
  const bool only_declared_;
};

}  // namespace tasker::service

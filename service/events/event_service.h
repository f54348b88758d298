// The gRPC door to events.
#pragma once

#include <atomic>

#include <grpcpp/grpcpp.h>

#include "service/events/event_hub.h"
#include "service/events/event_log.h"
#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/event_service.proto. Both arguments must outlive it and every call.
class EventService final : public v1::EventService::CallbackService {
 public:
  EventService(EventLog* log, EventHub* hub) : log_(*log), hub_(*hub) {}

  grpc::ServerWriteReactor<v1::SubscribeResponse>* Subscribe(
      grpc::CallbackServerContext* context, const v1::SubscribeRequest* request) override;

  // Refuses new calls with UNAVAILABLE.
  void Drain() { draining_ = true; }

 private:
  std::atomic<bool> draining_{false};
  EventLog& log_;
  EventHub& hub_;
};

}  // namespace tasker::service

// The gRPC door for handlers.
#pragma once

#include <atomic>

#include <grpcpp/grpcpp.h>

#include "service/handlers/handler_sessions.h"
#include "service/handlers/stream_limits.h"
#include "service/pipeline/partition_runner.h"
#include "tasker/v1/handler_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/handler_service.proto. Pointers must outlive it and every call.
class HandlerService final : public v1::HandlerService::CallbackService {
 public:
  HandlerService(StreamLimits limits, PartitionRunner* runner, HandlerSessions* sessions)
      : limits_(limits), runner_(*runner), sessions_(*sessions) {}

  grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>* Connect(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListHandlers(grpc::CallbackServerContext* context,
                                         const v1::ListHandlersRequest* request,
                                         v1::ListHandlersResponse* response) override;

  // Refuses new streams with UNAVAILABLE, hands out nothing more on those there are, and asks their
  // handlers to send what they have and close.
  void Drain();

 private:
  const StreamLimits limits_;
  PartitionRunner& runner_;
  HandlerSessions& sessions_;
  std::atomic<bool> draining_{false};
};

}  // namespace tasker::service

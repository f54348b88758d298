// The gRPC door for handlers.
#pragma once

#include <atomic>

#include <grpcpp/grpcpp.h>

#include "service/handlers/handler_sessions.h"
#include "service/handlers/refused_registrations.h"
#include "service/handlers/stream_limits.h"
#include "service/handlers/task_handler_classes.h"
#include "service/pipeline/partition_runner.h"
#include "service/security/access_tokens.h"
#include "storage/store.h"
#include "tasker/v1/handler_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/handler_service.proto. Pointers must outlive it and every call.
class HandlerService final : public v1::HandlerService::CallbackService {
 public:
  struct Parts {
    storage::PartitionId partition{};
    StreamLimits limits;
    storage::Store* store = nullptr;
    PartitionRunner* runner = nullptr;
    HandlerSessions* sessions = nullptr;
    TaskHandlerClasses* task_handlers = nullptr;
    RefusedRegistrations* refused = nullptr;
    // Null: no access token is asked for.
    AccessTokens* tokens = nullptr;
  };

  explicit HandlerService(const Parts& parts) : parts_(parts) {}

  grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>* Connect(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListHandlers(grpc::CallbackServerContext* context,
                                         const v1::ListHandlersRequest* request,
                                         v1::ListHandlersResponse* response) override;

  grpc::ServerUnaryReactor* CompleteStep(grpc::CallbackServerContext* context,
                                         const v1::CompleteStepRequest* request,
                                         v1::CompleteStepResponse* response) override;
  grpc::ServerUnaryReactor* ForgetTaskHandler(grpc::CallbackServerContext* context,
                                              const v1::ForgetTaskHandlerRequest* request,
                                              v1::ForgetTaskHandlerResponse* response) override;

  // Refuses new streams with UNAVAILABLE, hands out nothing more on those there are, and asks their
  // handlers to send what they have and close.
  void Drain();

 private:
  const Parts parts_;
  std::atomic<bool> draining_{false};
};

}  // namespace tasker::service

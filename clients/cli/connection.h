// The way to the service.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

#include "tasker/v1/admin_service.grpc.pb.h"
#include "tasker/v1/event_service.grpc.pb.h"
#include "tasker/v1/handler_service.grpc.pb.h"
#include "tasker/v1/operator_service.grpc.pb.h"
#include "tasker/v1/task_service.grpc.pb.h"
#include "tasker/v1/template_service.grpc.pb.h"

namespace tasker::cli {

// One channel to one service and the stubs on it. Nothing is connected before the first call.
class Connection {
 public:
  // How the service knows us, and we it.
  struct Security {
    // A file of the certificates, in PEM, of which the service's must come; empty: no TLS, unless
    // `tls` is set, and then those of the system.
    std::string ca_file;
    bool tls = false;
    // Shown to a service that asks for certificates; files in PEM, both or neither.
    std::string certificate_file;
    std::string key_file;
    // Empty: none.
    std::string token;
  };

  // `server` is HOST:PORT; `timeout` bounds each call.
  Connection(const std::string& server, absl::Duration timeout, const Security& security);

  v1::TemplateService::Stub& templates() { return *templates_; }
  v1::TaskService::Stub& tasks() { return *tasks_; }
  v1::OperatorService::Stub& operators() { return *operators_; }
  v1::EventService::Stub& events() { return *events_; }
  v1::HandlerService::Stub& handlers() { return *handlers_; }
  v1::AdminService::Stub& admin() { return *admin_; }

  // As given.
  const std::string& server() const { return server_; }
  absl::Duration timeout() const { return timeout_; }

  // A context for one call, with the timeout as its deadline.
  std::unique_ptr<grpc::ClientContext> NewCall() const;

 private:
  std::string server_;
  absl::Duration timeout_;
  std::unique_ptr<v1::TemplateService::Stub> templates_;
  std::unique_ptr<v1::TaskService::Stub> tasks_;
  std::unique_ptr<v1::OperatorService::Stub> operators_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::HandlerService::Stub> handlers_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

}  // namespace tasker::cli

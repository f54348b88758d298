#include "clients/cli/connection.h"

#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace tasker::cli {
namespace {

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  // Tasks with thousands of results are larger than gRPC's 4 MB; the service's limits count.
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // http_proxy is meant for the web, and would swallow calls to a service on this machine.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A watcher should see a restarted service at once, not after gRPC's minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // Notices a service that vanished without a word. Servers refuse pings more frequent than every
  // five minutes unless set up otherwise.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 6 * 60 * 1000);
  return arguments;
}

}  // namespace

Connection::Connection(const std::string& server, absl::Duration timeout)
    : server_(server), timeout_(timeout) {
  // The scheme is named, since a host alone could be taken for one.
  const auto channel = grpc::CreateCustomChannel("dns:///" + server,
                                                 grpc::InsecureChannelCredentials(), Arguments());
  templates_ = v1::TemplateService::NewStub(channel);
  tasks_ = v1::TaskService::NewStub(channel);
  operators_ = v1::OperatorService::NewStub(channel);
  events_ = v1::EventService::NewStub(channel);
  handlers_ = v1::HandlerService::NewStub(channel);
  admin_ = v1::AdminService::NewStub(channel);
}

std::unique_ptr<grpc::ClientContext> Connection::NewCall() const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
  return context;
}

}  // namespace tasker::cli

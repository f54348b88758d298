#include "clients/cli/connection.h"

#include <fstream>
#include <iterator>

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

std::string Read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const Connection::Security& security) {
  if (!security.tls && security.ca_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  if (!security.ca_file.empty()) options.pem_root_certs = Read(security.ca_file);
  if (!security.certificate_file.empty()) {
    options.pem_cert_chain = Read(security.certificate_file);
    options.pem_private_key = Read(security.key_file);
  }
  const auto channel = grpc::SslCredentials(options);
  if (security.token.empty()) return channel;
  return grpc::CompositeChannelCredentials(channel, grpc::AccessTokenCredentials(security.token));
}

}  // namespace

Connection::Connection(const std::string& server, absl::Duration timeout, const Security& security)
    : server_(server), timeout_(timeout) {
  // The scheme is named, since a host alone could be taken for one.
  const auto channel =
      grpc::CreateCustomChannel("dns:///" + server, CredentialsOf(security), Arguments());
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

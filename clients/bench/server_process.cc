#include "clients/bench/server_process.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <unistd.h>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "grpcpp/create_channel.h"
#include "nlohmann/json.hpp"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "health.grpc.pb.h"

namespace tasker::bench {
namespace {

constexpr char kHost[] = "127.0.0.1";

// Two at once, so that they differ. Whoever takes one before `taskerd` does makes it fail to start,
// which is reported.
absl::StatusOr<std::pair<int, int>> TwoFreePorts() {
  int ports[2] = {0, 0};
  int sockets[2] = {-1, -1};
  for (int i = 0; i < 2; ++i) {
    sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (bind(sockets[i], plain, size) == 0 && getsockname(sockets[i], plain, &size) == 0) {
      ports[i] = ntohs(address.sin_port);
    }
  }
  for (const int each : sockets) {
    if (each >= 0) close(each);
  }
  if (ports[0] == 0 || ports[1] == 0) return absl::UnavailableError("no free port on loopback");
  return std::pair(ports[0], ports[1]);
}

std::string Quoted(const std::string& text) { return nlohmann::json(text).dump(); }

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const std::string& program,
                                                                    const std::string& folder,
                                                                    std::chrono::seconds ready_max,
                                                                    const std::string& settings) {
  const auto ports = TwoFreePorts();
  if (!ports.ok()) return ports.status();
  std::unique_ptr<ServerProcess> server(new ServerProcess);
  server->address_ = std::string(kHost) + ":" + std::to_string(ports->first);
  server->metrics_address_ = std::string(kHost) + ":" + std::to_string(ports->second);

  const std::string file = folder + "/tasker.yaml";
  std::ofstream(file) << "listen: " << Quoted(server->address_) << "\n"
                      << "metrics:\n  listen: " << Quoted(server->metrics_address_) << "\n"
                      << "data: " << Quoted(folder + "/data") << "\n"
                      << "log:\n  level: warn\n"
                      << settings;
  auto process = ChildProcess::Start({program, "--config", file}, folder + "/taskerd.log");
  if (!process.ok()) return process.status();
  server->process_ = *std::move(process);
  if (absl::Status status = server->AwaitServing(ready_max); !status.ok()) return status;
  return server;
}

absl::Status ServerProcess::AwaitServing(std::chrono::seconds ready_max) {
  namespace health = grpc::health::v1;
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + ready_max);
  absl::Mutex mutex;
  std::string exit_reason;
  process_->WatchExit([&](const std::string& reason) {
    absl::MutexLock lock(&mutex);
    exit_reason = reason;
    context.TryCancel();
  });
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  const auto stub = health::Health::NewStub(
      grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments));
  const auto reader = stub->Watch(&context, health::HealthCheckRequest());
  health::HealthCheckResponse response;
  bool serving = false;
  while (!serving && reader->Read(&response)) {
    serving = response.status() == health::HealthCheckResponse::SERVING;
  }
  if (serving) context.TryCancel();
  const grpc::Status status = reader->Finish();
  process_->WatchExit([](const std::string&) {});

  absl::MutexLock lock(&mutex);
  if (!exit_reason.empty()) return absl::UnavailableError(exit_reason);
  if (serving) return absl::OkStatus();
  return absl::DeadlineExceededError("taskerd is not ready: " + status.error_message());
}

}  // namespace tasker::bench

#include "clients/sinks/status_server.h"

#include <algorithm>
#include <cstdint>
#include <httplib.h>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>

namespace tasker::sinks {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kRequestBytesMax = 4096;
constexpr std::time_t kPatienceSeconds = 5;

std::string TextOf(const std::vector<SinkHealth>& sinks) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const SinkHealth& sink : sinks) {
    list.push_back({{"name", sink.name},
                    {"target", sink.target},
                    {"connected", sink.connected},
                    {"in_flight", sink.in_flight},
                    {"trouble", sink.trouble}});
  }
  return nlohmann::ordered_json{{"sinks", std::move(list)}}.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

struct StatusServer::State {
  httplib::Server server;
  int port = 0;
  std::thread thread;
};

absl::StatusOr<std::unique_ptr<StatusServer>> StatusServer::Start(
    const std::string& address, const Metrics& metrics,
    std::function<std::vector<SinkHealth>()> health) {
  const std::size_t colon = address.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("`", address, "` is not host:port"));
  }
  auto state = std::make_unique<State>();
  httplib::Server& server = state->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_payload_max_length(kRequestBytesMax);
  server.set_read_timeout(kPatienceSeconds);
  server.set_write_timeout(kPatienceSeconds);
  // One that keeps its connection would keep a thread.
  server.set_keep_alive_max_count(1);
  server.Get("/metrics", [&metrics](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics.Text(), "text/plain; version=0.0.4; charset=utf-8");
  });
  server.Get("/health/live", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("{\"live\":true}", "application/json");
  });
  server.Get("/health/ready",
             [health = std::move(health)](const httplib::Request&, httplib::Response& response) {
               const std::vector<SinkHealth> sinks = health();
               const bool ready = std::ranges::all_of(
                   sinks, [](const SinkHealth& sink) { return sink.connected; });
               response.status = ready ? 200 : 503;
               response.set_content(TextOf(sinks), "application/json");
             });
  const std::string host = address.substr(0, colon);
  if (port == 0) {
    state->port = server.bind_to_any_port(host.c_str());
  } else if (server.bind_to_port(host.c_str(), static_cast<int>(port))) {
    state->port = static_cast<int>(port);
  } else {
    state->port = -1;
  }
  if (state->port < 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen at ", address));
  }
  state->thread = std::thread([&server] { server.listen_after_bind(); });
  // stop() does nothing before.
  while (!server.is_running()) std::this_thread::yield();
  return std::unique_ptr<StatusServer>(new StatusServer(std::move(state)));
}

StatusServer::StatusServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

StatusServer::~StatusServer() {
  state_->server.stop();
  state_->thread.join();
}

int StatusServer::port() const { return state_->port; }

}  // namespace tasker::sinks

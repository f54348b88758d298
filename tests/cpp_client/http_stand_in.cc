#include "tests/cpp_client/http_stand_in.h"

#include <algorithm>
#include <httplib.h>
#include <mutex>
#include <thread>

namespace tasker::http {

struct HttpStandIn::State {
  httplib::Server server;
  int port = 0;
  std::thread thread;
  std::mutex mutex;
  std::vector<Asked> asked;
};

HttpStandIn::HttpStandIn(std::function<Answer(const Asked&)> answer)
    : state_(std::make_unique<State>()) {
  const auto handle = [this, answer = std::move(answer)](const httplib::Request& request,
                                                         httplib::Response& response) {
    Asked asked{
        .method = request.method, .target = request.target, .headers = {}, .body = request.body};
    for (const auto& [name, value] : request.headers) {
      std::string lower = name;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      asked.headers[lower] = value;
    }
    {
      const std::lock_guard lock(state_->mutex);
      state_->asked.push_back(asked);
    }
    const Answer given = answer(asked);
    response.status = given.status;
    for (const auto& [name, value] : given.headers) response.set_header(name.c_str(), value);
    response.set_content(given.body, given.content_type.c_str());
  };
  state_->server.Get(".*", handle);
  state_->server.Post(".*", handle);
  state_->server.Put(".*", handle);
  state_->server.Patch(".*", handle);
  state_->server.Delete(".*", handle);
  state_->server.set_keep_alive_timeout(1);
  state_->port = state_->server.bind_to_any_port("127.0.0.1");
  state_->thread = std::thread([this] { state_->server.listen_after_bind(); });
  // It listens since it was bound; this is for stop(), which does nothing before.
  while (!state_->server.is_running()) std::this_thread::yield();
}

HttpStandIn::~HttpStandIn() {
  state_->server.stop();
  state_->thread.join();
}

int HttpStandIn::port() const { return state_->port; }

std::string HttpStandIn::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

std::vector<Asked> HttpStandIn::asked() const {
  const std::lock_guard lock(state_->mutex);
  return state_->asked;
}

}  // namespace tasker::http

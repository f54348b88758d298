#include "engine/scheduling/handler_directory.h"

#include <algorithm>
#include <utility>

namespace tasker::engine {
namespace {

// Which of the instance's classes a step of `route` counts for: the first that serves it.
std::optional<std::size_t> ClassFor(const HandlerInstance& instance, const RouteKey& route) {
  const auto found = std::ranges::find_if(
      instance.classes, [&](const ServedClass& served) { return Serves(served, route); });
  if (found == instance.classes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - instance.classes.begin());
}

}  // namespace

HandlerDirectory::Connected HandlerDirectory::Connect(const RegisterHandler& command) {
  IntroduceNewRoutes();
  auto identity =
      std::make_shared<const HandlerIdentity>(HandlerIdentity{command.name, command.instance_id});
  HandlerInstance& instance = Remember(identity);
  instance.identity = std::move(identity);
  if (instance.connected()) {
    LeaveRoutes(instance);
    by_session_.erase(Raw(instance.session));
  }
  instance.session = command.session;
  instance.draining = false;
  instance.concurrency = command.concurrency;
  instance.classes = command.classes;
  instance.class_load.assign(command.classes.size(), 0);
  by_session_[Raw(command.session)] = &instance;
  JoinRoutes(instance);
  return {instance, std::exchange(instance.attempts, {})};
}

HandlerInstance* HandlerDirectory::Disconnect(SessionId session) {
  const auto found = by_session_.find(Raw(session));
  if (found == by_session_.end()) return nullptr;
  HandlerInstance& instance = *found->second;
  by_session_.erase(found);
  LeaveRoutes(instance);
  instance.session = kNoSession;
  return &instance;
}

HandlerInstance* HandlerDirectory::Find(SessionId session) const {
  const auto found = by_session_.find(Raw(session));
  return found == by_session_.end() ? nullptr : found->second;
}

HandlerInstance* HandlerDirectory::Find(std::string_view instance_id) {
  const auto found = by_instance_.find(std::string(instance_id));
  return found == by_instance_.end() ? nullptr : found->second.get();
}

HandlerInstance& HandlerDirectory::Remember(std::shared_ptr<const HandlerIdentity> identity) {
  std::unique_ptr<HandlerInstance>& instance = by_instance_[identity->instance_id];
  if (instance == nullptr) {
    instance = std::make_unique<HandlerInstance>();
    instance->identity = std::move(identity);
  }
  return *instance;
}

void HandlerDirectory::Hold(HandlerInstance& instance, const StepRef& ref, const RouteKey& route) {
  if (!instance.attempts.insert(ref).second) return;
  if (const auto place = ClassFor(instance, route)) ++instance.class_load[*place];
}

void HandlerDirectory::Release(HandlerInstance& instance, const StepRef& ref,
                               const RouteKey& route) {
  if (instance.attempts.erase(ref) == 0) return;
  if (const auto place = ClassFor(instance, route); place && instance.class_load[*place] > 0) {
    --instance.class_load[*place];
  }
  ForgetIfIdle(instance);
}

void HandlerDirectory::ForgetIfIdle(HandlerInstance& instance) {
  if (!instance.connected() && instance.attempts.empty()) {
    by_instance_.erase(instance.identity->instance_id);
  }
}

bool HandlerDirectory::HasRoom(const HandlerInstance& instance, const RouteKey& route) {
  if (!instance.connected() || instance.draining) return false;
  if (instance.attempts.size() >= instance.concurrency) return false;
  const auto place = ClassFor(instance, route);
  if (!place) return false;
  const std::uint32_t limit = instance.classes[*place].concurrency;
  return limit == 0 || instance.class_load[*place] < limit;
}

HandlerInstance* HandlerDirectory::LeastLoaded(const Route& route) {
  HandlerInstance* best = nullptr;
  for (HandlerInstance* server : route.servers) {
    if (!HasRoom(*server, route.key)) continue;
    // a/b < c/d without division: a * d < c * b.
    if (best == nullptr ||
        server->attempts.size() * best->concurrency < best->attempts.size() * server->concurrency) {
      best = server;
    }
  }
  return best;
}

void HandlerDirectory::IntroduceNewRoutes() {
  for (; introduced_ < queues_.routes().size(); ++introduced_) {
    Route& route = *queues_.routes()[introduced_];
    for (auto& [id, instance] : by_instance_) {
      if (instance->connected() && ClassFor(*instance, route.key)) {
        route.servers.push_back(instance.get());
        instance->routes.push_back(&route);
      }
    }
  }
}

void HandlerDirectory::JoinRoutes(HandlerInstance& instance) {
  for (std::size_t i = 0; i < introduced_; ++i) {
    Route& route = *queues_.routes()[i];
    if (!ClassFor(instance, route.key)) continue;
    route.servers.push_back(&instance);
    instance.routes.push_back(&route);
  }
}

void HandlerDirectory::LeaveRoutes(HandlerInstance& instance) {
  for (Route* route : instance.routes) std::erase(route->servers, &instance);
  instance.routes.clear();
}

}  // namespace tasker::engine

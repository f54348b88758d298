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
  auto identity =
      std::make_shared<const HandlerIdentity>(HandlerIdentity{command.name, command.instance_id});
  HandlerInstance& instance = Remember(identity);
  instance.identity = std::move(identity);
  if (instance.connected()) {
    LeavePools(instance);
    by_session_.erase(Raw(instance.session));
  }
  instance.session = command.session;
  instance.draining = false;
  instance.concurrency = command.concurrency;
  instance.classes = command.classes;
  instance.labels = command.labels;
  instance.confirms = command.confirms;
  instance.credits = command.by_credits ? std::optional<std::uint64_t>(0) : std::nullopt;
  instance.handed_out = 0;
  instance.class_load.assign(command.classes.size(), 0);
  by_session_[Raw(command.session)] = &instance;
  JoinPools(instance);
  return {instance, std::exchange(instance.attempts, {})};
}

HandlerInstance* HandlerDirectory::Disconnect(SessionId session) {
  const auto found = by_session_.find(Raw(session));
  if (found == by_session_.end()) return nullptr;
  HandlerInstance& instance = *found->second;
  by_session_.erase(found);
  LeavePools(instance);
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

std::vector<SessionId> HandlerDirectory::Sessions() const {
  std::vector<SessionId> sessions;
  for (const auto& [id, instance] : by_instance_) {
    if (instance->connected()) sessions.push_back(instance->session);
  }
  return sessions;
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

bool HandlerDirectory::MayServe(const HandlerInstance& instance, const RouteKey& route) {
  const bool labelled = std::ranges::all_of(route.labels, [&](const auto& label) {
    const auto found = instance.labels.find(label.first);
    return found != instance.labels.end() && found->second == label.second;
  });
  return labelled && ClassFor(instance, route).has_value();
}

bool HandlerDirectory::HasRoom(const HandlerInstance& instance, const RouteKey& route) {
  if (!instance.connected() || instance.draining) return false;
  if (instance.free() == 0) return false;
  if (!MayServe(instance, route)) return false;
  const std::size_t place = *ClassFor(instance, route);
  const std::uint32_t limit = instance.classes[place].concurrency;
  return limit == 0 || instance.class_load[place] < limit;
}

HandlerInstance* HandlerDirectory::LeastLoaded(const Route& route, std::string_view preferred) {
  if (route.pool->paused || route.pool->full()) return nullptr;
  HandlerInstance* best = nullptr;
  for (HandlerInstance* server : route.pool->servers) {
    if (!HasRoom(*server, route.key)) continue;
    if (server->identity->instance_id == preferred) return server;
    // a/b < c/d without division: a * d < c * b.
    if (best == nullptr ||
        server->attempts.size() * best->concurrency < best->attempts.size() * server->concurrency) {
      best = server;
    }
  }
  return best;
}

Route* HandlerDirectory::NextFor(const HandlerInstance& instance) {
  if (instance.draining || instance.free() == 0) return nullptr;
  Route* next = nullptr;
  for (const ClassPool* pool : instance.pools) {
    if (pool->paused || pool->full()) continue;
    for (const auto& [order, route] : pool->ready) {
      if (next != nullptr && *next->listed < order) break;
      if (!HasRoom(instance, route->key)) continue;
      next = route;
      break;
    }
  }
  return next;
}

void HandlerDirectory::JoinPools(HandlerInstance& instance) {
  for (const ServedClass& served : instance.classes) {
    ClassPool& pool = queues_.PoolOf(served.handler_class);
    if (std::ranges::find(instance.pools, &pool) != instance.pools.end()) continue;
    instance.pools.push_back(&pool);
    pool.servers.push_back(&instance);
  }
}

void HandlerDirectory::LeavePools(HandlerInstance& instance) {
  for (ClassPool* pool : instance.pools) std::erase(pool->servers, &instance);
  instance.pools.clear();
}

}  // namespace tasker::engine

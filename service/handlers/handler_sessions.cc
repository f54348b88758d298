#include "service/handlers/handler_sessions.h"

#include "service/handlers/handler_stream.h"

namespace tasker::service {

engine::SessionId HandlerSessions::NewSession() {
  absl::MutexLock lock(&mutex_);
  return engine::SessionId{++last_session_};
}

std::shared_ptr<HandlerStream> HandlerSessions::Add(const std::shared_ptr<HandlerStream>& stream,
                                                    const std::string& instance_id) {
  absl::MutexLock lock(&mutex_);
  sessions_[stream->session()] = {stream, instance_id};
  const auto [place, first] = by_instance_.try_emplace(instance_id, stream->session());
  if (first) return nullptr;
  const auto older = sessions_.find(std::exchange(place->second, stream->session()));
  return older == sessions_.end() ? nullptr : older->second.stream;
}

void HandlerSessions::Remove(engine::SessionId session) {
  // Destroyed behind the lock.
  std::shared_ptr<HandlerStream> stream;
  absl::MutexLock lock(&mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  stream = std::move(found->second.stream);
  const auto newest = by_instance_.find(found->second.instance_id);
  if (newest != by_instance_.end() && newest->second == session) by_instance_.erase(newest);
  sessions_.erase(found);
}

std::shared_ptr<HandlerStream> HandlerSessions::Find(engine::SessionId session) const {
  absl::MutexLock lock(&mutex_);
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : found->second.stream;
}

std::vector<std::shared_ptr<HandlerStream>> HandlerSessions::All() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<HandlerStream>> all;
  all.reserve(sessions_.size());
  for (const auto& [session, entry] : sessions_) all.push_back(entry.stream);
  return all;
}

std::size_t HandlerSessions::size() const {
  absl::MutexLock lock(&mutex_);
  return sessions_.size();
}

bool HandlerSessions::AwaitEmpty(absl::Duration limit) const {
  absl::MutexLock lock(&mutex_);
  const auto empty = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return sessions_.empty(); };
  return mutex_.AwaitWithTimeout(absl::Condition(&empty), limit);
}

}  // namespace tasker::service

#include "clients/cpp/src/held_attempts.h"

#include <utility>

namespace tasker::client {

Attempt* HeldAttempts::Add(std::unique_ptr<Attempt> attempt) {
  Attempt* const running = attempt.get();
  const auto [place, is_new] = held_.try_emplace(running->token());
  if (!is_new) return nullptr;
  place->second.running = std::move(attempt);
  return running;
}

void HeldAttempts::Finish(Attempt* attempt, v1::StepResult result) {
  if (abandoned_.erase(attempt) > 0) return;
  const auto found = held_.find(attempt->token());
  found->second.running.reset();
  found->second.result = std::move(result);
  unsent_.push_back(found->first);
}

void HeldAttempts::Acknowledge(const std::string& token) {
  const auto found = held_.find(token);
  if (found == held_.end() || found->second.running != nullptr) return;
  held_.erase(found);
}

void HeldAttempts::Cancel(const std::string& token) {
  const auto found = held_.find(token);
  if (found != held_.end() && found->second.running != nullptr) found->second.running->Cancel();
}

void HeldAttempts::Abandon(const std::string& token) {
  const auto found = held_.find(token);
  if (found == held_.end()) return;
  if (std::unique_ptr<Attempt> running = std::move(found->second.running)) {
    running->Cancel();
    const Attempt* const key = running.get();
    abandoned_.emplace(key, std::move(running));
  }
  held_.erase(found);
}

void HeldAttempts::AbandonAll() {
  while (!held_.empty()) Abandon(std::string(held_.begin()->first));
  unsent_.clear();
}

void HeldAttempts::ResendAll() {
  unsent_.clear();
  for (const auto& [token, held] : held_) {
    if (held.running == nullptr) unsent_.push_back(token);
  }
}

void HeldAttempts::TakeUnsent(std::size_t bytes_max, v1::ConnectRequest& request) {
  std::size_t bytes = 0;
  while (!unsent_.empty() && bytes <= bytes_max) {
    const auto found = held_.find(unsent_.front());
    unsent_.pop_front();
    if (found == held_.end()) continue;
    bytes += found->second.result.ByteSizeLong();
    *request.add_results() = found->second.result;
  }
}

void HeldAttempts::AppendTokens(google::protobuf::RepeatedPtrField<std::string>& tokens) const {
  tokens.Reserve(tokens.size() + static_cast<int>(held_.size()));
  for (const auto& [token, held] : held_) *tokens.Add() = token;
}

}  // namespace tasker::client

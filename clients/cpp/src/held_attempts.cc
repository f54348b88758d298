#include "clients/cpp/src/held_attempts.h"

#include <algorithm>
#include <utility>

namespace tasker::client {

void AttemptReport::Update(AttemptReport&& newer) {
  if (newer.checkpoint) checkpoint = std::move(newer.checkpoint);
  if (newer.progress) progress = std::move(newer.progress);
}

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

void HeldAttempts::Report(const std::string& token, AttemptReport report) {
  const auto found = held_.find(token);
  if (found == held_.end()) return;
  Held& held = found->second;
  if (report.checkpoint) held.checkpoint = std::make_unique<std::string>(*report.checkpoint);
  if (held.unsent_report == nullptr) {
    held.unsent_report = std::make_unique<AttemptReport>();
    unreported_.push_back(token);
  }
  held.unsent_report->Update(std::move(report));
}

void HeldAttempts::Acknowledge(const std::string& token) {
  const auto found = held_.find(token);
  if (found == held_.end() || found->second.running != nullptr) return;
  held_.erase(found);
}

void HeldAttempts::Cancel(const std::string& token, const std::string& reason) {
  const auto found = held_.find(token);
  if (found != held_.end() && found->second.running != nullptr) {
    found->second.running->Cancel(reason);
  }
}

bool HeldAttempts::Abandon(const std::string& token, const std::string& reason) {
  const auto found = held_.find(token);
  if (found == held_.end()) return false;
  const bool sent = found->second.sent;
  if (std::unique_ptr<Attempt> running = std::move(found->second.running)) {
    running->Cancel(reason);
    const Attempt* const key = running.get();
    abandoned_.emplace(key, std::move(running));
  }
  held_.erase(found);
  return !sent;
}

void HeldAttempts::AbandonAll() {
  while (!held_.empty()) Abandon(std::string(held_.begin()->first), "the handler service ends");
  unsent_.clear();
  unreported_.clear();
}

void HeldAttempts::ResendAll() {
  unsent_.clear();
  unreported_.clear();
  for (auto& [token, held] : held_) {
    held.sent = false;
    if (held.running == nullptr) unsent_.push_back(token);
    if (held.checkpoint != nullptr) {
      if (held.unsent_report == nullptr) held.unsent_report = std::make_unique<AttemptReport>();
      held.unsent_report->checkpoint = *held.checkpoint;
    }
    if (held.unsent_report != nullptr) unreported_.push_back(token);
  }
}

void HeldAttempts::ForEachResult(const std::function<void(v1::StepResult&)>& change) {
  for (auto& [token, held] : held_) {
    if (held.running == nullptr) change(held.result);
  }
}

std::size_t HeldAttempts::TakeUnsent(std::size_t bytes_max, v1::ConnectRequest& request) {
  std::size_t bytes = 0;
  std::size_t taken = 0;
  std::vector<std::string> waiting;
  while (!unsent_.empty() && bytes <= bytes_max) {
    const auto found = held_.find(unsent_.front());
    if (found != held_.end() && found->second.unsent_report != nullptr) {
      waiting.push_back(std::move(unsent_.front()));
    } else if (found != held_.end()) {
      bytes += found->second.result.ByteSizeLong();
      *request.add_results() = found->second.result;
      found->second.sent = true;
      ++taken;
    }
    unsent_.pop_front();
  }
  unsent_.insert(unsent_.begin(), waiting.begin(), waiting.end());
  return taken;
}

void HeldAttempts::TakeReports(std::size_t bytes_max, v1::Heartbeat& heartbeat) {
  std::size_t bytes = 0;
  while (!unreported_.empty() && bytes <= bytes_max) {
    const auto found = held_.find(unreported_.back());
    unreported_.pop_back();
    if (found == held_.end() || found->second.unsent_report == nullptr) continue;
    AttemptReport report = std::move(*found->second.unsent_report);
    found->second.unsent_report.reset();
    if (report.checkpoint) {
      v1::Checkpoint& checkpoint = *heartbeat.add_checkpoints();
      checkpoint.set_token(found->first);
      bytes += report.checkpoint->size();
      checkpoint.set_checkpoint(std::move(*report.checkpoint));
    }
    if (report.progress) {
      v1::Progress& progress = *heartbeat.add_progress();
      progress = std::move(*report.progress);
      progress.set_token(found->first);
      bytes += progress.message().size();
    }
  }
}

void HeldAttempts::AppendTokens(google::protobuf::RepeatedPtrField<std::string>& tokens) const {
  tokens.Reserve(tokens.size() + static_cast<int>(held_.size()));
  for (const auto& [token, held] : held_) *tokens.Add() = token;
}

std::chrono::nanoseconds HeldAttempts::ShortestHeartbeatTimeout() const {
  std::chrono::nanoseconds shortest{};
  for (const auto& [token, held] : held_) {
    if (held.running == nullptr) continue;
    const std::chrono::nanoseconds timeout = held.running->heartbeat_timeout();
    if (timeout.count() > 0 && (shortest.count() == 0 || timeout < shortest)) shortest = timeout;
  }
  return shortest;
}

}  // namespace tasker::client

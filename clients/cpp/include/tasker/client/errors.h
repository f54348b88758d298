// Exceptions by which a handler says how its attempt failed.
//
// Any exception fails the attempt: its class (demangled) and `what()` are stored, and the step is
// tried again while the template allows it. These two say more. Derive from them to keep your own
// class names in the task's history.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

namespace tasker::client {

// Failed now, may well work later.
class RetryableError : public std::runtime_error {
 public:
  // `retry_after`: try again no sooner than this after the failure; replaces the template's backoff
  // and is capped by its maximum. nullopt: the template's backoff. Negative counts as none.
  explicit RetryableError(const std::string& message,
                          std::optional<std::chrono::milliseconds> retry_after = std::nullopt)
      : std::runtime_error(message), retry_after_(retry_after) {}

  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }

 private:
  std::optional<std::chrono::milliseconds> retry_after_;
};

// Will never work: the step goes to ERROR without further attempts.
class PermanentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A handler asked its sequence for a step that the task does not have.
class UnknownStepError : public PermanentError {
 public:
  using PermanentError::PermanentError;
};

}  // namespace tasker::client

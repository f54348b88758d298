// Who may call the service: whoever knows one of the tokens in a file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tasker::service {

// The tokens of a file: a line each, `NAME TOKEN` or a token alone; empty lines and those that
// begin with `#` are left out. Kept as hashes only. The file is read again once it has changed,
// looked at no more than once a second, when somebody asks; while it cannot be read, what it last
// held counts. Safe for concurrent use.
class AccessTokens {
 public:
  // Errors: FAILED_PRECONDITION: the file cannot be read, holds no token, or a line that is none;
  // the message says which.
  static absl::StatusOr<std::unique_ptr<AccessTokens>> Open(const std::string& file);

  // The name that stands beside the token (`token 3`: the third line's, which has none); nullopt:
  // it is not one of them. Takes as long for every token that is not.
  std::optional<std::string> NameOf(std::string_view token);

 private:
  using Names = absl::flat_hash_map<std::string, std::string>;

  explicit AccessTokens(std::string file) : file_(std::move(file)) {}

  void ReadAgainIfChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string file_;
  absl::Mutex mutex_;
  // By SHA-256 of the token.
  Names names_ ABSL_GUARDED_BY(mutex_);
  // What the file was like when it was read, and when that was last looked at.
  std::string state_ ABSL_GUARDED_BY(mutex_);
  absl::Time looked_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::service

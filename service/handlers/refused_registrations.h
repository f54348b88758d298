// Tells of handlers whose registration was refused.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "engine/model/time.h"
#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::service {

// By the event handler.validation_failed, at most once a second: a peer may try again without end,
// and must not fill the log. Safe for concurrent use.
class RefusedRegistrations {
 public:
  using Publish = std::function<void(storage::v1::EventRecord)>;

  // `publish` is called by whoever calls Add.
  explicit RefusedRegistrations(Publish publish) : publish_(std::move(publish)) {}

  // `asked` was refused for `why`.
  void Add(const v1::Register& asked, const absl::Status& why, engine::Timestamp now);

 private:
  // How many are to be counted by the next event; nullopt: this one is only counted itself.
  std::optional<std::uint64_t> Turn(engine::Timestamp now);

  const Publish publish_;
  absl::Mutex mutex_;
  engine::Timestamp told_at_ ABSL_GUARDED_BY(mutex_) = engine::kNever;
  std::uint64_t passed_over_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tasker::service

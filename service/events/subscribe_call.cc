#include "service/events/subscribe_call.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "service/server/grpc_status.h"

namespace tasker::service {
namespace {

// What both kinds of calls have in common: one write at a time, one end.
class FollowingCall : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public EventReceiver {
 public:
  explicit FollowingCall(EventHub& hub) : hub_(hub) {}

  void Send(v1::SubscribeResponse response) override {
    SendEncoded(std::make_shared<const EncodedResponse>(response));
  }

  void SendEncoded(const EncodedResponsePtr& response) override {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    buffer_ = response->buffer();
    StartWrite(&buffer_);
  }

  void End(absl::Status why) override { FinishOnce(ToGrpc(why)); }

  void OnWriteDone(bool ok) override {
    if (ok) {
      Written();
    } else {
      FinishOnce(grpc::Status::CANCELLED);
    }
  }

  void OnCancel() override { FinishOnce(grpc::Status::CANCELLED); }

  void OnDone() override {
    std::shared_ptr<FollowingCall> last;
    absl::MutexLock lock(&mutex_);
    if (id_ != 0) hub_.Unsubscribe(id_);
    // Released behind the lock: `last` was made before it.
    last = std::move(self_);
  }

 protected:
  void KeepAlive(std::shared_ptr<FollowingCall> self) {
    absl::MutexLock lock(&mutex_);
    self_ = std::move(self);
  }

  void Subscribe(EventFilter filter, const EventCursor& after, const FeedOptions& options) {
    // The hub's thread may answer at once: it waits at the lock until the id is known.
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    id_ = hub_.Subscribe(std::move(filter), after, self_, options);
  }

  // The write under way has ended.
  virtual void Written() {
    absl::MutexLock lock(&mutex_);
    hub_.Ready(id_);
  }

 private:
  void FinishOnce(const grpc::Status& status) {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(finished_, true)) return;
    Finish(status);
  }

  EventHub& hub_;
  absl::Mutex mutex_;
  // 0: the hub does not know of it yet.
  SubscriptionId id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<FollowingCall> self_ ABSL_GUARDED_BY(mutex_);
  // Of the write under way; gRPC reads it until OnWriteDone.
  grpc::ByteBuffer buffer_;
};

class PlainCall final : public FollowingCall {
 public:
  using FollowingCall::FollowingCall;

  static PlainCall* Begin(EventHub& hub, EventFilter filter, const EventCursor& after,
                          const FeedOptions& options) {
    auto call = std::make_shared<PlainCall>(hub);
    call->KeepAlive(call);
    call->Subscribe(std::move(filter), after, options);
    return call.get();
  }
};

// Reads a page whenever the one before was taken, on gRPC's thread.
class SnapshotCall final : public FollowingCall {
 public:
  SnapshotCall(EventHub& hub, const EventLog& log, std::unique_ptr<TaskSnapshot> snapshot,
               const FeedOptions& options)
      : FollowingCall(hub), log_(log), snapshot_(std::move(snapshot)), options_(options) {
    options_.greet = false;
  }

  static SnapshotCall* Begin(EventHub& hub, const EventLog& log,
                             std::unique_ptr<TaskSnapshot> snapshot, const FeedOptions& options) {
    v1::SubscribeResponse greeting;
    greeting.set_cursor(snapshot->start().ToString());
    auto call = std::make_shared<SnapshotCall>(hub, log, std::move(snapshot), options);
    call->KeepAlive(call);
    call->Send(std::move(greeting));
    return call.get();
  }

 private:
  void Written() override {
    if (snapshot_ == nullptr) {
      FollowingCall::Written();
      return;
    }
    if (snapshot_->complete()) {
      GoOnWithEvents();
      return;
    }
    absl::StatusOr<v1::SubscribeResponse> page = snapshot_->NextPage();
    if (page.ok()) {
      Send(*std::move(page));
    } else {
      End(page.status());
    }
  }

  void GoOnWithEvents() {
    const std::unique_ptr<TaskSnapshot> done = std::move(snapshot_);
    if (done->start().sequence < log_.FloorFor(done->filter())) {
      End(log_.PastRetention(done->filter()));
    } else {
      Subscribe(done->filter(), done->start(), options_);
    }
  }

  const EventLog& log_;
  // Null once it was sent. Of the thread that writes end on; there is one at a time.
  std::unique_ptr<TaskSnapshot> snapshot_;
  FeedOptions options_;
};

class RefusedCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit RefusedCall(const absl::Status& why) { Finish(ToGrpc(why)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* BeginToFollow(EventHub& hub, EventFilter filter,
                                                          const EventCursor& after,
                                                          const FeedOptions& options) {
  return PlainCall::Begin(hub, std::move(filter), after, options);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* BeginWithSnapshot(
    EventHub& hub, const EventLog& log, std::unique_ptr<TaskSnapshot> snapshot,
    const FeedOptions& options) {
  return SnapshotCall::Begin(hub, log, std::move(snapshot), options);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* RefuseToFollow(const absl::Status& why) {
  return new RefusedCall(why);
}

}  // namespace tasker::service

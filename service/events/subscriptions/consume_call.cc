#include "service/events/subscriptions/consume_call.h"

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "service/events/encoded_response.h"
#include "service/server/grpc_status.h"

namespace tasker::service {
namespace {

class ConsumeCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public EventReceiver {
 public:
  static ConsumeCall* Begin(Subscriptions& subscriptions, Subscriptions::Wanted wanted,
                            NamedSubscription::ConsumerOptions options) {
    auto call = std::make_shared<ConsumeCall>(subscriptions);
    {
      absl::MutexLock lock(&call->mutex_);
      call->self_ = call;
    }
    subscriptions.Consume(call->number_, std::move(wanted), std::move(options), call);
    return call.get();
  }

  explicit ConsumeCall(Subscriptions& subscriptions)
      : subscriptions_(subscriptions), number_(subscriptions.NewConsumer()) {}

  void Send(v1::SubscribeResponse response) override {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    buffer_ = EncodedResponse(response).buffer();
    StartWrite(&buffer_);
  }

  void End(absl::Status why) override { FinishOnce(ToGrpc(why)); }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      FinishOnce(grpc::Status::CANCELLED);
      return;
    }
    subscriptions_.Ready(number_);
  }

  void OnCancel() override { FinishOnce(grpc::Status::CANCELLED); }

  void OnDone() override {
    std::shared_ptr<ConsumeCall> last;
    absl::MutexLock lock(&mutex_);
    subscriptions_.Leave(number_);
    // Released behind the lock: `last` was made before it.
    last = std::move(self_);
  }

 private:
  void FinishOnce(const grpc::Status& status) {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(finished_, true)) return;
    Finish(status);
    // What it had goes to others now, not when gRPC is done with the call.
    subscriptions_.Leave(number_);
  }

  Subscriptions& subscriptions_;
  const Subscriptions::ConsumerNumber number_;
  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<ConsumeCall> self_ ABSL_GUARDED_BY(mutex_);
  // Of the write under way; gRPC reads it until OnWriteDone.
  grpc::ByteBuffer buffer_;
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* BeginToConsume(
    Subscriptions& subscriptions, Subscriptions::Wanted wanted,
    NamedSubscription::ConsumerOptions options) {
  return ConsumeCall::Begin(subscriptions, std::move(wanted), std::move(options));
}

}  // namespace tasker::service

#include "service/events/event_service.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "service/events/custom_event_check.h"
#include "service/events/event_catalog_view.h"
#include "service/pipeline/clock.h"
#include "service/pipeline/position.h"
#include "service/server/grpc_status.h"

namespace tasker::service {
namespace {

// One call of Subscribe. Keeps itself alive until gRPC is done with it.
class SubscribeCall final : public grpc::ServerWriteReactor<v1::SubscribeResponse>,
                            public EventReceiver {
 public:
  static SubscribeCall* Begin(EventHub& hub, EventFilter filter, const EventCursor& after) {
    auto call = std::make_shared<SubscribeCall>(hub);
    // The hub's thread may answer at once: it waits at the lock until the id is known.
    absl::MutexLock lock(&call->mutex_);
    call->self_ = call;
    call->id_ = hub.Subscribe(std::move(filter), after, call);
    return call.get();
  }

  explicit SubscribeCall(EventHub& hub) : hub_(hub) {}

  void Send(v1::SubscribeResponse response) override {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    response_ = std::move(response);
    StartWrite(&response_);
  }

  void End(absl::Status why) override { FinishOnce(ToGrpc(why)); }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      FinishOnce(grpc::Status::CANCELLED);
      return;
    }
    absl::MutexLock lock(&mutex_);
    hub_.Ready(id_);
  }

  void OnCancel() override { FinishOnce(grpc::Status::CANCELLED); }

  void OnDone() override {
    std::shared_ptr<SubscribeCall> last;
    absl::MutexLock lock(&mutex_);
    hub_.Unsubscribe(id_);
    // Released behind the lock: `last` was made before it.
    last = std::move(self_);
  }

 private:
  void FinishOnce(const grpc::Status& status) {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(finished_, true)) return;
    Finish(status);
  }

  EventHub& hub_;
  absl::Mutex mutex_;
  EventHub::SubscriptionId id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<SubscribeCall> self_ ABSL_GUARDED_BY(mutex_);
  // Of the write under way; gRPC reads it until OnWriteDone.
  v1::SubscribeResponse response_;
};

// A call that fails before it begins.
class RefusedCall final : public grpc::ServerWriteReactor<v1::SubscribeResponse> {
 public:
  explicit RefusedCall(const absl::Status& why) { Finish(ToGrpc(why)); }
  void OnDone() override { delete this; }
};

absl::StatusOr<EventCursor> StartOf(const v1::SubscribeRequest& request, const EventLog& log) {
  const EventCursor end = log.End();
  switch (request.start_case()) {
    case v1::SubscribeRequest::kAfterCursor: {
      const std::optional<EventCursor> cursor = EventCursor::Parse(request.after_cursor());
      // Equal to the end is fine; past it, it was made by another store.
      if (!cursor || cursor->partition != end.partition || cursor->sequence > end.sequence) {
        return absl::InvalidArgumentError(
            absl::StrCat("after_cursor: \"", absl::CHexEscape(request.after_cursor()),
                         "\" is not a cursor of this service's event log"));
      }
      return *cursor;
    }
    case v1::SubscribeRequest::kFromEarliest:
      if (request.from_earliest()) {
        return EventCursor{end.partition, storage::Sequence{0}, EventCursor::kWholeCommit};
      }
      return end;
    case v1::SubscribeRequest::kFromTime:
    case v1::SubscribeRequest::kAfterPosition:
    case v1::SubscribeRequest::kSnapshot:
      return absl::UnimplementedError("this start is not there yet");
    case v1::SubscribeRequest::START_NOT_SET:
      return end;
  }
  return end;
}

}  // namespace

grpc::ServerWriteReactor<v1::SubscribeResponse>* EventService::Subscribe(
    grpc::CallbackServerContext*, const v1::SubscribeRequest* request) {
  if (draining_) return new RefusedCall(absl::UnavailableError("the service stops"));
  absl::StatusOr<EventFilter> filter = EventFilter::Make(request->filter());
  if (!filter.ok()) return new RefusedCall(filter.status());
  const absl::StatusOr<EventCursor> start = StartOf(*request, log_);
  if (!start.ok()) return new RefusedCall(start.status());
  if (request->has_after_cursor() && start->sequence < log_.FloorFor(*filter)) {
    return new RefusedCall(log_.PastRetention(*filter));
  }
  return SubscribeCall::Begin(hub_, *std::move(filter), *start);
}

grpc::ServerUnaryReactor* EventService::PublishEvent(grpc::CallbackServerContext* context,
                                                     const v1::PublishEventRequest* request,
                                                     v1::PublishEventResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<engine::PublishedEvent> event =
      CheckCustomEvent(request->name(), request->payload(), "event");
  const std::optional<engine::TaskId> task = engine::TaskId::Parse(request->task_id());
  absl::Status checked = event.status();
  if (checked.ok() && !task && !request->task_id().empty()) {
    checked = absl::InvalidArgumentError(
        absl::StrCat("task_id: \"", absl::CHexEscape(request->task_id()), "\" is not a UUID"));
  }
  // Of an open task the engine knows what its template declares.
  if (checked.ok() && !task) checked = declared_.Check(*event, only_declared_);
  if (!checked.ok()) {
    reactor->Finish(ToGrpc(checked));
    return reactor;
  }
  Completion done = [this, reactor, response](const absl::Status& answer,
                                              storage::Sequence sequence) {
    SetPosition(partition_, sequence, *response->mutable_position());
    reactor->Finish(ToGrpc(answer));
  };
  if (task) {
    runner_.Submit(engine::PublishTaskEvent{*task, *std::move(event)}, std::move(done));
    return reactor;
  }
  storage::v1::EventRecord record;
  record.set_name(event->name);
  record.set_payload(std::string(engine::View(event->payload)));
  record.set_at_us(ReadClock().time_since_epoch().count());
  runner_.Publish({std::move(record)}, std::move(done));
  return reactor;
}

grpc::ServerUnaryReactor* EventService::ListEvents(grpc::CallbackServerContext* context,
                                                   const v1::ListEventsRequest* request,
                                                   v1::ListEventsResponse* response) {
  absl::StatusOr<v1::ListEventsResponse> answer = service::ListEvents(*request, *declared_.Now());
  if (answer.ok()) *response = *std::move(answer);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(answer.status()));
  return reactor;
}

grpc::ServerUnaryReactor* EventService::GetEventInfo(grpc::CallbackServerContext* context,
                                                     const v1::GetEventInfoRequest* request,
                                                     v1::GetEventInfoResponse* response) {
  absl::StatusOr<v1::GetEventInfoResponse> answer =
      service::GetEventInfo(*request, *declared_.Now());
  if (answer.ok()) *response = *std::move(answer);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(answer.status()));
  return reactor;
}

}  // namespace tasker::service

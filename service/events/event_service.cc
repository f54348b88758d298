#include "service/events/event_service.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "service/events/custom_event_check.h"
#include "service/events/event_catalog_view.h"
#include "service/events/subscribe_call.h"
#include "service/pipeline/clock.h"
#include "service/pipeline/position.h"
#include "service/server/grpc_status.h"

namespace tasker::service {
namespace {

constexpr std::uint32_t kBatchEventsDefault = 256;
constexpr std::uint32_t kBatchEventsMax = 1000;
constexpr absl::Duration kHeartbeatDefault = absl::Seconds(10);
constexpr absl::Duration kHeartbeatMin = absl::Milliseconds(100);
constexpr absl::Duration kHeartbeatMax = absl::Minutes(10);

absl::StatusOr<FeedOptions> OptionsOf(const v1::SubscribeRequest& request) {
  if (request.batch_size() > kBatchEventsMax) {
    return absl::InvalidArgumentError(absl::StrCat("batch_size: ", request.batch_size(),
                                                   " is over the limit of ", kBatchEventsMax));
  }
  FeedOptions options;
  options.batch_events_max = request.batch_size() == 0 ? kBatchEventsDefault : request.batch_size();
  options.heartbeat = kHeartbeatDefault;
  if (request.has_heartbeat()) {
    options.heartbeat = absl::Seconds(request.heartbeat().seconds()) +
                        absl::Nanoseconds(request.heartbeat().nanos());
    if (options.heartbeat < kHeartbeatMin || options.heartbeat > kHeartbeatMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("heartbeat: ", absl::FormatDuration(options.heartbeat),
                       " is not from 100 milliseconds to 10 minutes"));
    }
  }
  return options;
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* EventService::Subscribe(
    grpc::CallbackServerContext*, const grpc::ByteBuffer* message) {
  v1::SubscribeRequest request;
  grpc::ByteBuffer bytes(*message);
  if (!grpc::SerializationTraits<v1::SubscribeRequest>::Deserialize(&bytes, &request).ok()) {
    return RefuseToFollow(absl::InvalidArgumentError("the message is no SubscribeRequest"));
  }
  if (draining_) return RefuseToFollow(absl::UnavailableError("the service stops"));
  const absl::StatusOr<FeedOptions> options = OptionsOf(request);
  if (!request.subscription().empty()) return subscriptions_.Subscribe(request, options);
  absl::StatusOr<EventFilter> filter = EventFilter::Make(request.filter());
  if (!filter.ok()) return RefuseToFollow(filter.status());
  if (!options.ok()) return RefuseToFollow(options.status());
  const absl::StatusOr<EventCursor> start = starts_.Find(request, *filter);
  if (!start.ok()) return RefuseToFollow(start.status());
  if (request.has_snapshot()) {
    return BeginWithSnapshot(hub_, log_,
                             std::make_unique<TaskSnapshot>(snapshots_, *std::move(filter),
                                                            request.snapshot().open_only(), *start),
                             *options);
  }
  return BeginToFollow(hub_, *std::move(filter), *start, *options);
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

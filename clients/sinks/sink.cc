#include "clients/sinks/sink.h"

#include <atomic>
#include <pthread.h>
#include <utility>

#include "absl/random/random.h"
#include "absl/time/time.h"

#include "clients/cpp/src/backoff.h"
#include "clients/cpp/src/channel.h"
#include "clients/sinks/acknowledger.h"
#include "clients/sinks/sink_log.h"

namespace tasker::sinks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr absl::Duration kPickMax = absl::Seconds(10);
constexpr seconds kHeartbeat{10};
// A service that is silent for so long is taken to be gone.
constexpr seconds kSilenceMax{45};
// A stream that lived so long ended by itself, so the next is tried at once.
constexpr seconds kLongLife{10};
// The same trouble is told no more often.
constexpr seconds kToldEvery{60};
constexpr std::uint32_t kBatchMost = 256;

void SetDuration(milliseconds value, google::protobuf::Duration& duration) {
  duration.set_seconds(value.count() / 1000);
  duration.set_nanos(static_cast<std::int32_t>(value.count() % 1000 * 1'000'000));
}

void SetFilter(const config::SinkFilter& from, v1::EventFilter& to) {
  to.mutable_names()->Add(from.names.begin(), from.names.end());
  to.mutable_categories()->Add(from.categories.begin(), from.categories.end());
  to.set_namespace_(from.namespace_name);
  to.set_task_name(from.task_name);
  to.mutable_task_ids()->Add(from.task_ids.begin(), from.task_ids.end());
  to.mutable_priorities()->Add(from.priorities.begin(), from.priorities.end());
  to.mutable_tags()->Add(from.tags.begin(), from.tags.end());
  to.set_where(from.where);
}

// What a person can do about it.
std::string AdviceFor(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::FAILED_PRECONDITION:
      return "a subscription's filter never changes: give the sink another name, or delete the "
             "subscription by `tasker events subscriptions delete`";
    case grpc::StatusCode::OUT_OF_RANGE:
      return "events were removed before they were delivered: `tasker events subscriptions reset`, "
             "and keep events longer (`retention.events`)";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "correct the sink's filter";
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return "give an access token by --token-file";
    default:
      return "";
  }
}

}  // namespace

// One call.
class Sink::Stream {
 public:
  grpc::ClientContext context;
  // Guarded by the sink's mutex.
  std::shared_ptr<Acknowledger> acknowledger;

  // By the thread that reads, around each Read.
  void BeginRead() { reading_since_ = Clock::now().time_since_epoch().count(); }
  void EndRead() { reading_since_ = 0; }
  // Any thread.
  bool IsSilent() const {
    const Clock::rep since = reading_since_;
    return since != 0 && Clock::now() - Clock::time_point(Clock::duration(since)) > kSilenceMax;
  }

 private:
  std::atomic<Clock::rep> reading_since_ = 0;
};

Sink::Sink(config::SinkSettings settings, std::unique_ptr<Target> target,
           std::unique_ptr<client::ServiceChannel> channel, std::string consumer_name,
           SinkMetrics metrics)
    : settings_(std::move(settings)),
      channel_(std::move(channel)),
      consumer_name_(std::move(consumer_name)),
      target_name_(target->description()),
      metrics_(metrics),
      deliverer_(settings_, std::move(target), metrics),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "sink-read");
}

Sink::~Sink() {
  if (!thread_.joinable()) return;
  BeginStop();
  AwaitStopped(Clock::now());
}

void Sink::BeginStop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  deliverer_.BeginDrain();
}

bool Sink::AwaitStopped(TimePoint deadline) {
  bool in_time = deliverer_.AwaitDrained(deadline);
  std::shared_ptr<Acknowledger> acknowledger;
  {
    absl::MutexLock lock(&mutex_);
    if (stream_ != nullptr) acknowledger = stream_->acknowledger;
  }
  if (acknowledger != nullptr) in_time = acknowledger->Finish(deadline) && in_time;
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
    if (stream_ != nullptr) stream_->context.TryCancel();
  }
  if (!in_time) deliverer_.GiveUp();
  if (thread_.joinable()) thread_.join();
  return in_time;
}

SinkHealth Sink::health() const {
  SinkHealth health{.name = settings_.name,
                    .target = target_name_,
                    .in_flight = deliverer_.in_flight(),
                    .trouble = deliverer_.trouble()};
  absl::MutexLock lock(&mutex_);
  health.connected = connected_;
  if (!connected_) health.trouble = trouble_;
  return health;
}

void Sink::Run() {
  client::Backoff backoff;
  absl::BitGen random;
  while (true) {
    const TimePoint begin = Clock::now();
    const grpc::Status status = RunStream();
    // Waits for attempts that run: whoever gets the events next must not be overtaken by them.
    deliverer_.Restart(status.error_code() == grpc::StatusCode::ABORTED);
    if (Clock::now() - begin > kLongLife) backoff.Reset();
    const milliseconds pause = backoff.Next(absl::Uniform(random, 0.0, 1.0));
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
    }
    NoteEnd(status, pause);
    if (!Pause(pause)) return;
  }
}

grpc::Status Sink::RunStream() {
  const auto connection = channel_->Pick(absl::Now() + kPickMax);
  if (!connection.ok()) return client::ToGrpcStatus(connection.status());
  Stream stream;
  const absl::Status authorized = channel_->Authorize(stream.context);
  if (!authorized.ok()) return client::ToGrpcStatus(authorized);
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return grpc::Status::CANCELLED;
    stream_ = &stream;
  }
  const auto stub = v1::EventService::NewStub(*connection);
  const auto reader = stub->Subscribe(&stream.context, Request());
  v1::SubscribeResponse response;
  bool is_open = false;
  while (true) {
    stream.BeginRead();
    if (!reader->Read(&response)) break;
    stream.EndRead();
    if (!is_open) NoteOpen(stream, *connection, response);
    is_open = true;
    Take(response);
  }
  std::shared_ptr<Acknowledger> acknowledger;
  {
    absl::MutexLock lock(&mutex_);
    stream_ = nullptr;
    acknowledger = std::move(stream.acknowledger);
    connected_ = false;
  }
  metrics_.connected.Set(0);
  if (acknowledger != nullptr) acknowledger->End();
  return reader->Finish();
}

void Sink::NoteOpen(Stream& stream, const std::shared_ptr<grpc::Channel>& connection,
                    const v1::SubscribeResponse& response) {
  const auto lose = [this, &stream](const std::string& why) {
    Log(LogLevel::kWarning, "the stream of events is given up",
        {{"sink", settings_.name}, {"error", why}});
    stream.context.TryCancel();
    // Reading may wait for room.
    deliverer_.Interrupt();
  };
  const auto watch = [&stream, lose] {
    if (stream.IsSilent()) lose("the service gives no sign of life");
  };
  auto acknowledger = std::make_shared<Acknowledger>(
      AcknowledgerOptions{settings_.name, response.consumer_id(), lose, watch}, *channel_,
      connection, deliverer_, metrics_);
  last_cursor_ = response.cursor();
  {
    absl::MutexLock lock(&mutex_);
    stream.acknowledger = std::move(acknowledger);
    connected_ = true;
    trouble_.clear();
  }
  told_at_ = {};
  metrics_.connected.Set(1);
  Log(LogLevel::kInfo, "subscribed",
      {{"sink", settings_.name},
       {"target", target_name_},
       {"consumer_id", response.consumer_id()},
       {"cursor", response.cursor()}});
}

void Sink::Take(const v1::SubscribeResponse& response) {
  for (const v1::Event& event : response.events()) {
    // What is not taken comes again: to this process when it stands anew, or to another.
    if (!deliverer_.Add(ToCloudEvent(event, settings_.cloudevents), event.cursor())) return;
    last_cursor_ = event.cursor();
  }
  if (response.cursor().empty() || response.cursor() == last_cursor_) return;
  if (deliverer_.AddMark(response.cursor())) last_cursor_ = response.cursor();
}

v1::SubscribeRequest Sink::Request() const {
  v1::SubscribeRequest request;
  SetFilter(settings_.filter, *request.mutable_filter());
  if (settings_.from_earliest) request.set_from_earliest(true);
  request.set_subscription(settings_.name);
  request.set_consumer_name(consumer_name_);
  request.set_unacknowledged_max(settings_.in_flight);
  request.set_batch_size(std::min(settings_.in_flight, kBatchMost));
  SetDuration(settings_.ack_timeout, *request.mutable_ack_timeout());
  SetDuration(kHeartbeat, *request.mutable_heartbeat());
  return request;
}

bool Sink::Pause(milliseconds time) {
  absl::MutexLock lock(&mutex_);
  return !mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::FromChrono(time));
}

void Sink::NoteEnd(const grpc::Status& status, milliseconds again_in) {
  std::string why = status.ok() ? "the service ended the stream" : status.error_message();
  const std::string advice = AdviceFor(status.error_code());
  if (!advice.empty()) why += "; " + advice;
  const TimePoint now = Clock::now();
  {
    absl::MutexLock lock(&mutex_);
    const bool is_known = trouble_ == why && now - told_at_ < kToldEvery;
    trouble_ = why;
    if (is_known) return;
  }
  told_at_ = now;
  Log(LogLevel::kWarning, "no stream of events; trying again and again",
      {{"sink", settings_.name},
       {"code", std::to_string(status.error_code())},
       {"error", why},
       {"again_in_ms", std::to_string(again_in.count())}});
}

}  // namespace tasker::sinks

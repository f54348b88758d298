// One sink: a named subscription that is consumed, delivered and acknowledged.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"

#include "clients/cpp/src/service_channel.h"
#include "clients/sinks/deliverer.h"
#include "clients/sinks/sink_metrics.h"
#include "clients/sinks/target.h"
#include "config/sinks/sink_settings.h"
#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::sinks {

// What a sink is doing, for health and people.
struct SinkHealth {
  std::string name;
  std::string target;
  // Its stream of events is open.
  bool connected = false;
  std::size_t in_flight = 0;
  // Why it does not get or deliver events; empty: nothing is wrong.
  std::string trouble;
};

// Threads, owned by this object: `sink-read` subscribes, again and again, and puts events into the
// deliverer; `sink-ack`, as long as a stream is open, acknowledges, asks for the lag, and ends a
// stream that gives no sign of life. And the deliverer's.
//
// Thread-safe, but for construction and destruction.
class Sink {
 public:
  // Starts. `consumer_name`: what the service is to call this process.
  Sink(config::SinkSettings settings, std::unique_ptr<Target> target,
       std::unique_ptr<client::ServiceChannel> channel, std::string consumer_name,
       SinkMetrics metrics);
  // Ends at once what was not stopped.
  ~Sink();

  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // Takes no further events; does not wait.
  void BeginStop();
  // Waits until what was taken is delivered, as far as it needs no further attempt, and
  // acknowledged, then ends the stream. False: `deadline` came first.
  bool AwaitStopped(TimePoint deadline);

  SinkHealth health() const;

 private:
  class Stream;

  void Run();
  // One call of Subscribe, from its beginning to its end.
  grpc::Status RunStream();
  // The first response: the stream stands.
  void NoteOpen(Stream& stream, const std::shared_ptr<grpc::Channel>& connection,
                const v1::SubscribeResponse& response);
  void Take(const v1::SubscribeResponse& response);
  v1::SubscribeRequest Request() const;
  // Waits before the next call. False: it is to stop.
  bool Pause(std::chrono::milliseconds time);
  void NoteEnd(const grpc::Status& status, std::chrono::milliseconds again_in);

  const config::SinkSettings settings_;
  const std::unique_ptr<client::ServiceChannel> channel_;
  const std::string consumer_name_;
  const std::string target_name_;
  SinkMetrics metrics_;
  Deliverer deliverer_;

  mutable absl::Mutex mutex_;
  // The stream that is open, if one is.
  Stream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // No stream is to be open any more.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  // Why there is no stream.
  std::string trouble_ ABSL_GUARDED_BY(mutex_);
  // Of `sink-read`: when it last said so, and the cursor that came last.
  TimePoint told_at_ = {};
  std::string last_cursor_;
  std::thread thread_;
};

}  // namespace tasker::sinks

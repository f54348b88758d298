// Acknowledges one stream's events, as they are dealt with.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

#include "clients/cpp/src/service_channel.h"
#include "clients/sinks/deliverer.h"
#include "clients/sinks/sink_metrics.h"
#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::sinks {

// Which stream, and whose.
struct AcknowledgerOptions {
  std::string subscription;
  std::string consumer_id;
  // The stream is lost: why. Called once at most, on the acknowledger's thread.
  std::function<void(const std::string& why)> on_lost;
  // Called every second or so.
  std::function<void()> on_tick;
};

// Lives as long as a stream. One thread of its own, `sink-ack`: one call at a time, so that the
// more there is to acknowledge the more is acknowledged at once. Every ten seconds it asks for the
// lag.
class Acknowledger {
 public:
  // All of them must outlive it.
  Acknowledger(AcknowledgerOptions options, client::ServiceChannel& channel,
               std::shared_ptr<grpc::Channel> connection, Deliverer& deliverer,
               SinkMetrics& metrics);
  // As End, if that was not called.
  ~Acknowledger();

  Acknowledger(const Acknowledger&) = delete;
  Acknowledger& operator=(const Acknowledger&) = delete;

  // Acknowledges what is dealt with, and ends. False: it could not, or `deadline` came first.
  bool Finish(TimePoint deadline);
  // Ends at once, and waits for that. By one thread, once.
  void End();

 private:
  void Run();
  // False: the stream is lost, or it is to end.
  bool Acknowledge(const std::string& cursor);
  void AskForLag();
  bool Prepare(grpc::ClientContext& context, std::chrono::milliseconds timeout);
  void Release();
  bool Pause(std::chrono::milliseconds time);
  bool cancelled() const;

  const AcknowledgerOptions options_;
  client::ServiceChannel& channel_;
  const std::unique_ptr<v1::EventService::Stub> stub_;
  Deliverer& deliverer_;
  SinkMetrics& metrics_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  bool all_acknowledged_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tasker::sinks

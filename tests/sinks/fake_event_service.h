// EventService as named subscriptions have it, in this process, worked by a test.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server.h"

#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::sinks {

// An event as the service makes them; `number` tells it from others.
v1::Event MakeEvent(std::uint64_t number, const std::string& task_id,
                    const std::string& name = "step.completed",
                    const std::string& payload = "{\"execution_duration\":0.5}");

// Has one subscription, whose events are what was published, in order. A stream gets what is not
// acknowledged, at most `unacknowledged_max` at a time, again from there whenever it connects.
// Thread-safe.
class FakeEventService : public v1::EventService::Service {
 public:
  FakeEventService();
  ~FakeEventService() override;

  // 127.0.0.1:PORT
  const std::string& address() const { return address_; }

  void Publish(v1::Event event);
  // A response without events.
  void PublishCursor(const std::string& cursor);
  // Ends the stream that there is, and those to come until Reopen.
  void EndStreams(const grpc::Status& status);
  void Reopen();
  // How Acknowledge answers, until told otherwise.
  void AnswerAcknowledge(const grpc::Status& status);

  // Waits until the subscription is acknowledged up to there.
  void AwaitAcknowledged(const std::string& cursor);
  // Waits until so many streams were opened in all.
  void AwaitStreams(std::size_t count);
  // Waits until no stream is open.
  void AwaitNoStream();

  std::string acknowledged() const;
  // Of each stream, in order.
  std::vector<v1::SubscribeRequest> requests() const;
  std::size_t sent() const;

  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeRequest* request,
                         grpc::ServerWriter<v1::SubscribeResponse>* writer) override;
  grpc::Status Acknowledge(grpc::ServerContext* context, const v1::AcknowledgeRequest* request,
                           v1::AcknowledgeResponse* response) override;
  grpc::Status GetSubscription(grpc::ServerContext* context,
                               const v1::GetSubscriptionRequest* request,
                               v1::GetSubscriptionResponse* response) override;

 private:
  // One response each: an event, or a cursor alone.
  struct Entry {
    v1::SubscribeResponse response;
    std::string cursor;
  };

  mutable absl::Mutex mutex_;
  std::vector<Entry> log_ ABSL_GUARDED_BY(mutex_);
  // How many entries are acknowledged.
  std::size_t acknowledged_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<v1::SubscribeRequest> requests_ ABSL_GUARDED_BY(mutex_);
  // Of the stream that is open; 0: none is.
  std::uint64_t consumer_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_consumer_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status closed_with_ ABSL_GUARDED_BY(mutex_);
  grpc::Status acknowledge_with_ ABSL_GUARDED_BY(mutex_);
  std::size_t sent_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tasker::sinks

// Consumes a named subscription until it is killed, and writes down all that it is told; or,
// without a name, reads the log from its beginning up to an event of a certain name.
//
// Its journal, each line behind the time in nanoseconds:
//   B                     a call begins
//   S CONSUMER CURSOR     its first response
//   E CURSOR TASK         an event came; TASK is - if it concerns none
//   A CURSOR              an acknowledgement is asked for
//   K CURSOR MARK         it was answered
//   N CURSOR CODE         it was refused, or nobody knows
//   X CODE MESSAGE        the call has ended
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "grpcpp/grpcpp.h"

#include "tasker/v1/event_service.grpc.pb.h"
#include "tests/events/line_journal.h"

namespace tasker::events_test {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::chrono::seconds kAcknowledgeWithin{30};

struct Options {
  std::string address;
  std::string subscription;
  std::string filter = "{}";
  std::string journal;
  // Of the commit; 0: for ever.
  std::uint64_t until = 0;
  unsigned seed = 1;
  std::uint32_t unacknowledged_max = 0;
  // Milliseconds.
  int ack_timeout = 2000;
  // In a thousand responses: those after which it falls asleep for longer than ack_timeout.
  int sleeps = 0;
};

// A cursor is opaque to clients, but the test knows what it looks like.
std::uint64_t SequenceIn(const std::string& cursor) {
  const std::size_t dash = cursor.find('-');
  return dash == std::string::npos ? 0 : std::stoull(cursor.substr(dash + 1));
}

class Consumer {
 public:
  explicit Consumer(const Options& options)
      : options_(options), journal_(options.journal), random_(options.seed) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    arguments.SetMaxReceiveMessageSize(-1);
    stub_ = v1::EventService::NewStub(
        grpc::CreateCustomChannel(options.address, grpc::InsecureChannelCredentials(), arguments));
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(options.filter, request_.mutable_filter());
    if (!parsed.ok()) {
      std::fprintf(stderr, "--filter: %s\n", parsed.ToString().c_str());
      std::exit(2);
    }
    request_.set_subscription(options.subscription);
    request_.set_from_earliest(true);
    // A quiet stream is the chance to acknowledge what is left.
    *request_.mutable_heartbeat() = TimeUtil::MillisecondsToDuration(200);
    if (!options.subscription.empty()) {
      request_.set_unacknowledged_max(options.unacknowledged_max);
      *request_.mutable_ack_timeout() = TimeUtil::MillisecondsToDuration(options.ack_timeout);
    }
  }

  void Run() {
    while (!done_) Call();
  }

 private:
  void Call() {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    journal_.Add("B");
    journal_.Write();
    consumer_.clear();
    last_.clear();
    held_ = 0;
    const auto reader = stub_->Subscribe(&context, request_);
    v1::SubscribeResponse response;
    bool first = true;
    while (!done_ && reader->Read(&response)) {
      Take(response, first);
      first = false;
      response.Clear();
    }
    context.TryCancel();
    const grpc::Status status = reader->Finish();
    journal_.Add(absl::StrCat("X ", static_cast<int>(status.error_code()), " ",
                              absl::StrReplaceAll(status.error_message(), {{"\n", " "}})));
    journal_.Write();
    // One that is refused at once is not to keep the processor busy.
    if (first) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  void Take(const v1::SubscribeResponse& response, bool first) {
    if (first) {
      consumer_ = response.consumer_id();
      journal_.Add(absl::StrCat("S ", consumer_.empty() ? "-" : consumer_, " ", response.cursor()));
    }
    for (const v1::Event& event : response.events()) {
      journal_.Add(
          absl::StrCat("E ", event.cursor(), " ", event.task_id().empty() ? "-" : event.task_id()));
      last_ = event.cursor();
    }
    journal_.Write();
    if (options_.subscription.empty()) {
      // A quiet stream moves the cursor as well.
      done_ = options_.until > 0 && SequenceIn(response.cursor()) >= options_.until;
      return;
    }
    // The work. By chance none, seldom more than the others wait for.
    if (Chance(options_.sleeps)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(options_.ack_timeout * 3 / 2));
    }
    // By chance several responses at once, unless that would leave it without events.
    held_ += static_cast<std::uint32_t>(response.events_size());
    if (!last_.empty() &&
        (response.events().empty() || held_ * 2 > options_.unacknowledged_max || !Chance(300))) {
      Acknowledge();
    }
  }

  void Acknowledge() {
    v1::AcknowledgeRequest request;
    request.set_subscription(options_.subscription);
    request.set_cursor(last_);
    request.set_consumer_id(consumer_);
    journal_.Add(absl::StrCat("A ", last_));
    journal_.Write();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kAcknowledgeWithin);
    v1::AcknowledgeResponse response;
    const grpc::Status status = stub_->Acknowledge(&context, request, &response);
    if (status.ok()) {
      journal_.Add(absl::StrCat("K ", last_, " ", response.cursor()));
      last_.clear();
      held_ = 0;
    } else {
      journal_.Add(absl::StrCat("N ", last_, " ", static_cast<int>(status.error_code())));
    }
    journal_.Write();
  }

  // So many in a thousand.
  bool Chance(int per_mille) { return static_cast<int>(random_() % 1000) < per_mille; }

  const Options options_;
  LineJournal journal_;
  std::mt19937 random_;
  std::unique_ptr<v1::EventService::Stub> stub_;
  v1::SubscribeRequest request_;
  std::string consumer_;
  // Of the last event that is not acknowledged.
  std::string last_;
  std::uint32_t held_ = 0;
  bool done_ = false;
};

}  // namespace
}  // namespace tasker::events_test

int main(int argc, char** argv) {
  tasker::events_test::Options options;
  CLI::App app("Consumes a named subscription, or reads the log");
  app.add_option("--address", options.address)->required();
  app.add_option("--journal", options.journal)->required();
  app.add_option("--subscription", options.subscription);
  app.add_option("--filter", options.filter);
  app.add_option("--until", options.until);
  app.add_option("--seed", options.seed);
  app.add_option("--unacknowledged-max", options.unacknowledged_max);
  app.add_option("--ack-timeout", options.ack_timeout);
  app.add_option("--sleeps", options.sleeps);
  CLI11_PARSE(app, argc, argv);
  tasker::events_test::Consumer(options).Run();
  return 0;
}

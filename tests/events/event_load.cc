// Publishes events of tasks and of none, until so many were stored, however often the service is
// killed meanwhile. Says on standard output how many, at the end.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "grpcpp/grpcpp.h"

#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::events_test {
namespace {

constexpr std::chrono::seconds kAnswerWithin{20};

struct Options {
  std::string address;
  // A file with the id of a task a line.
  std::string tasks;
  std::uint64_t events = 1000;
  unsigned seed = 1;
  std::size_t in_flight = 64;
};

// One call of PublishEvent.
struct Call {
  grpc::ClientContext context;
  v1::PublishEventResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::PublishEventResponse>> reader;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), random_(options.seed) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    stub_ = v1::EventService::NewStub(
        grpc::CreateCustomChannel(options.address, grpc::InsecureChannelCredentials(), arguments));
    std::ifstream tasks(options.tasks);
    for (std::string id; std::getline(tasks, id);) tasks_.push_back(id);
  }

  // Returns the exit code.
  int Run() {
    std::size_t in_flight = 0;
    std::uint64_t stored = 0;
    while (stored < options_.events) {
      for (; in_flight < options_.in_flight && stored + in_flight < options_.events; ++in_flight) {
        Begin();
      }
      void* tag = nullptr;
      bool ok = false;
      queue_.Next(&tag, &ok);
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      --in_flight;
      if (call->status.ok()) {
        ++stored;
      } else if (call->status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
                 call->status.error_code() == grpc::StatusCode::NOT_FOUND) {
        std::fprintf(stderr, "%s\n", call->status.error_message().c_str());
        return 1;
      }
    }
    std::printf("%llu events stored\n", static_cast<unsigned long long>(stored));
    return 0;
  }

 private:
  void Begin() {
    // Dotted names, of which filters choose: load.a.n0 to load.j.n9.
    const unsigned drawn = static_cast<unsigned>(random_());
    v1::PublishEventRequest request;
    request.set_name(absl::StrCat("load.", std::string(1, static_cast<char>('a' + drawn % 10)),
                                  ".n", drawn / 10 % 10));
    request.set_payload(absl::StrCat("{\"number\":", ++number_, "}"));
    if (!tasks_.empty() && drawn / 100 % 8 != 0) {
      request.set_task_id(tasks_[random_() % tasks_.size()]);
    }
    auto call = std::make_unique<Call>();
    call->context.set_wait_for_ready(true);
    call->context.set_deadline(std::chrono::system_clock::now() + kAnswerWithin);
    call->reader = stub_->AsyncPublishEvent(&call->context, request, &queue_);
    call->reader->Finish(&call->response, &call->status, call.get());
    call.release();
  }

  const Options options_;
  std::mt19937 random_;
  std::unique_ptr<v1::EventService::Stub> stub_;
  std::vector<std::string> tasks_;
  grpc::CompletionQueue queue_;
  std::uint64_t number_ = 0;
};

}  // namespace
}  // namespace tasker::events_test

int main(int argc, char** argv) {
  tasker::events_test::Options options;
  CLI::App app("Publishes events");
  app.add_option("--address", options.address)->required();
  app.add_option("--tasks", options.tasks)->required();
  app.add_option("--events", options.events);
  app.add_option("--seed", options.seed);
  app.add_option("--in-flight", options.in_flight);
  CLI11_PARSE(app, argc, argv);
  return tasker::events_test::Load(options).Run();
}

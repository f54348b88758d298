#include "clients/bench/crowd.h"

#include <csignal>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

#include "clients/bench/channels.h"
#include "clients/bench/roll.h"
#include "tasker/client/client.h"
#include "tasker/v1/event_service.grpc.pb.h"
#include "tasker/v1/handler_service.grpc.pb.h"

namespace tasker::bench {
namespace {

constexpr char kReady[] = "all are there";
// Calls that are applied at one time: more than one commit's worth of waiting is of no use.
constexpr std::uint32_t kApplyThreads = 8;

// Enters itself in the roll with its first response, and reads on until it is ended.
template <typename Reactor, typename Response>
class Present : public Reactor {
 public:
  explicit Present(Roll& roll) : roll_(roll) {}

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (!std::exchange(there_, true)) roll_.Arrived();
    this->StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    roll_.Ended(status);
    done_.Notify();
  }
  void End() { context_.TryCancel(); }
  void AwaitEnd() { done_.WaitForNotification(); }

 protected:
  void Begin() {
    this->StartRead(&response_);
    this->StartCall();
  }
  grpc::ClientContext context_;

 private:
  Roll& roll_;
  Response response_;
  bool there_ = false;
  absl::Notification done_;
};

// A handler of a class that no template has.
class IdleHandler final
    : public Present<grpc::ClientBidiReactor<v1::ConnectRequest, v1::ConnectResponse>,
                     v1::ConnectResponse> {
 public:
  IdleHandler(const std::string& address, std::uint32_t number, Roll& roll)
      : Present(roll), stub_(v1::HandlerService::NewStub(OpenChannel(address))) {
    v1::Register& registering = *request_.mutable_register_();
    registering.set_name("bench-idle");
    registering.set_instance_id(absl::StrCat("bench-idle-", number));
    registering.set_concurrency(16);
    registering.add_handler_classes()->set_handler_class(absl::StrCat("Bench::Idle", number));
    stub_->async()->Connect(&context_, this);
    StartWrite(&request_);
    Begin();
  }

 private:
  const std::unique_ptr<v1::HandlerService::Stub> stub_;
  v1::ConnectRequest request_;
};

class Listener final
    : public Present<grpc::ClientReadReactor<v1::SubscribeResponse>, v1::SubscribeResponse> {
 public:
  Listener(const std::shared_ptr<grpc::Channel>& channel, const v1::SubscribeRequest& request,
           Roll& roll)
      : Present(roll), stub_(v1::EventService::NewStub(channel)), request_(request) {
    stub_->async()->Subscribe(&context_, &request_, this);
    Begin();
  }

 private:
  const std::unique_ptr<v1::EventService::Stub> stub_;
  const v1::SubscribeRequest request_;
};

std::string SmallTemplate(std::uint32_t number) {
  std::string yaml = absl::StrCat("name: bench_crowd_", number,
                                  "\nnamespace_name: bench_crowd\ntask_handler_class: Bench\n"
                                  "step_templates:\n");
  for (int step = 0; step < 5; ++step) {
    absl::StrAppend(&yaml, "  - name: step_", step, "\n    handler_class: Bench::Crowd", number,
                    "\n");
    if (step > 0) absl::StrAppend(&yaml, "    depends_on_step: step_", step - 1, "\n");
  }
  return yaml;
}

}  // namespace

absl::Status ApplyTemplates(const std::string& address, std::uint32_t count) {
  client::Client client({.server = address, .timeout = std::chrono::minutes(1)});
  absl::Mutex mutex;
  std::uint32_t next = 0;
  absl::Status error;
  const auto apply = [&] {
    for (;;) {
      std::uint32_t number = 0;
      {
        absl::MutexLock lock(&mutex);
        if (next == count || !error.ok()) return;
        number = next++;
      }
      const auto applied = client.ApplyTemplate(SmallTemplate(number), "bench");
      absl::MutexLock lock(&mutex);
      if (!applied.ok()) error = applied.status();
    }
  };
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kApplyThreads; ++i) threads.emplace_back(apply);
  for (std::thread& thread : threads) thread.join();
  return error;
}

int RunCrowdProcess(const std::string& address, std::uint32_t idle_handlers,
                    std::uint32_t subscribers, const std::vector<std::string>& events) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Roll roll;
  std::vector<std::unique_ptr<IdleHandler>> handlers;
  for (std::uint32_t i = 0; i < idle_handlers; ++i) {
    handlers.push_back(std::make_unique<IdleHandler>(address, i, roll));
  }
  v1::SubscribeRequest request;
  for (const std::string& name : events) request.mutable_filter()->add_names(name);
  const auto channel = OpenChannel(address);
  std::vector<std::unique_ptr<Listener>> listeners;
  for (std::uint32_t i = 0; i < subscribers; ++i) {
    listeners.push_back(std::make_unique<Listener>(channel, request, roll));
  }
  absl::Status status = roll.Await(idle_handlers + subscribers);
  if (status.ok()) {
    std::cout << kReady << std::endl;
    int signal = 0;
    sigwait(&signals, &signal);
    status = roll.error();
  }
  for (const auto& each : handlers) each->End();
  for (const auto& each : listeners) each->End();
  for (const auto& each : handlers) each->AwaitEnd();
  for (const auto& each : listeners) each->AwaitEnd();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

absl::Status AwaitCrowd(ChildProcess& process) {
  return process.AwaitOutput(
      [](const std::string& text) { return text.find(kReady) != std::string::npos; });
}

}  // namespace tasker::bench

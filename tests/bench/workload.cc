#include "tests/bench/workload.h"

#include <algorithm>
#include <utility>

#include "grpcpp/create_channel.h"
#include <grpc/support/time.h>

#include "tests/bench/chain_template.h"

namespace tasker::bench {
namespace {

// With no task completed for this long, something is broken.
constexpr std::chrono::seconds kStallMax{30};

// Each has its own connection.
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

gpr_timespec GrpcTime(std::chrono::steady_clock::time_point time) {
  const std::chrono::nanoseconds left = time - std::chrono::steady_clock::now();
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(std::max<std::int64_t>(left.count(), 0), GPR_TIMESPAN));
}

absl::Status ToAbslStatus(const grpc::Status& status, const char* call) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      std::string(call) + ": " + status.error_message());
}

// An operation that the completion queue reports; its address is the tag.
class Completion {
 public:
  virtual ~Completion() = default;
  virtual void OnDone(bool ok) = 0;
};

}  // namespace

// One CreateTask; deletes itself when it is done.
class Workload::Creation : public Completion {
 public:
  Creation(Workload& workload, v1::TaskService::Stub& stub)
      : workload_(workload), created_(Clock::now()) {
    call_ = stub.AsyncCreateTask(&context_, workload.request_, &workload.queue_);
    call_->Finish(&response_, &status_, this);
  }
  void OnDone(bool /*ok*/) override {
    workload_.OnCreated(*this);
    delete this;
  }
  void Cancel() { context_.TryCancel(); }

  const std::string& task_id() const { return response_.task_id(); }
  const grpc::Status& status() const { return status_; }
  Time created() const { return created_; }

 private:
  Workload& workload_;
  const Time created_;
  grpc::ClientContext context_;
  v1::CreateTaskResponse response_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CreateTaskResponse>> call_;
};

// The one stream of events: started, then read to its end.
class Workload::Subscription : public Completion {
 public:
  explicit Subscription(Workload& workload) : workload_(workload) {
    v1::SubscribeRequest request;
    request.mutable_filter()->set_task_name(kTemplateName);
    for (const char* name : {"task.completed", "task.failed", "task.cancelled"}) {
      request.mutable_filter()->add_names(name);
    }
    call_ = workload.events_->PrepareAsyncSubscribe(&context_, request, &workload.queue_);
    call_->StartCall(this);
  }
  void OnDone(bool ok) override {
    if (finishing_) {
      ended_ = true;
      workload_.Fail(ToAbslStatus(status_, "Subscribe ended"));
      return;
    }
    if (!ok) {
      finishing_ = true;
      call_->Finish(&status_, this);
      return;
    }
    if (started_) workload_.OnEvents(response_);
    started_ = true;
    call_->Read(&response_, this);
  }
  void Cancel() { context_.TryCancel(); }
  bool ended() const { return ended_; }

 private:
  Workload& workload_;
  grpc::ClientContext context_;
  v1::SubscribeResponse response_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::SubscribeResponse>> call_;
  bool started_ = false;
  bool finishing_ = false;
  bool ended_ = false;
};

Workload::Workload(WorkloadOptions options, std::function<absl::StatusOr<ServerUsage>()> usage)
    : options_(std::move(options)), usage_(std::move(usage)) {
  request_.set_name(kTemplateName);
  request_.set_context(R"({"order_id":1})");
  for (std::uint32_t i = 0; i < options_.channels; ++i) {
    stubs_.push_back(v1::TaskService::NewStub(OpenChannel(options_.server)));
  }
  events_ = v1::EventService::NewStub(OpenChannel(options_.server));
}

Workload::~Workload() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

absl::StatusOr<Measurement> Workload::Run() {
  last_completion_ = Clock::now();
  subscription_ = std::make_unique<Subscription>(*this);
  while (!outcome_) {
    const Time deadline = std::min(phase_until_, last_completion_ + kStallMax);
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, GrpcTime(deadline)) == grpc::CompletionQueue::GOT_EVENT) {
      if (tag == this) {
        absl::MutexLock lock(&mutex_);
        Fail(absl::UnavailableError(abort_reason_));
      } else {
        static_cast<Completion*>(tag)->OnDone(ok);
      }
    }
    OnTime(Clock::now());
  }
  EndCalls();
  if (!outcome_->ok()) return *outcome_;
  return std::move(measurement_);
}

void Workload::Abort(const std::string& reason) {
  absl::MutexLock lock(&mutex_);
  if (closed_ || !abort_reason_.empty()) return;
  abort_reason_ = reason;
  alarm_.Set(&queue_, gpr_time_0(GPR_CLOCK_MONOTONIC), this);
}

void Workload::CreateOne() {
  creations_.insert(new Creation(*this, *stubs_[next_stub_]));
  next_stub_ = (next_stub_ + 1) % stubs_.size();
}

void Workload::OnCreated(Creation& creation) {
  creations_.erase(&creation);
  if (outcome_) return;
  if (!creation.status().ok()) {
    Fail(ToAbslStatus(creation.status(), "CreateTask"));
    return;
  }
  const auto early = early_.find(creation.task_id());
  if (early == early_.end()) {
    running_.emplace(creation.task_id(), creation.created());
    return;
  }
  const Time completed = early->second;
  early_.erase(early);
  OnCompleted(creation.created(), completed);
}

void Workload::OnEvents(const v1::SubscribeResponse& response) {
  if (outcome_) return;
  // The first response says that the subscription stands.
  if (phase_ == Phase::kStarting && running_.empty() && creations_.empty()) {
    for (std::uint32_t i = 0; i < options_.in_flight; ++i) CreateOne();
  }
  const Time now = Clock::now();
  for (const v1::Event& event : response.events()) {
    if (event.name() != "task.completed") {
      Fail(absl::InternalError(event.name() + " of task " + event.task_id() + ": " +
                               event.payload()));
      return;
    }
    const auto found = running_.find(event.task_id());
    if (found == running_.end()) {
      early_.emplace(event.task_id(), now);
      continue;
    }
    const Time created = found->second;
    running_.erase(found);
    OnCompleted(created, now);
  }
}

void Workload::OnCompleted(Time created, Time completed) {
  last_completion_ = completed;
  if (phase_ == Phase::kStarting) {
    phase_ = Phase::kWarmingUp;
    phase_until_ = completed + options_.warmup;
  }
  if (phase_ == Phase::kMeasuring) measurement_.latencies.push_back(completed - created);
  CreateOne();
}

void Workload::OnTime(Time now) {
  if (outcome_) return;
  if (now >= phase_until_) {
    if (phase_ == Phase::kWarmingUp) {
      BeginWindow();
    } else {
      EndWindow();
    }
  } else if (now >= last_completion_ + kStallMax) {
    Fail(absl::DeadlineExceededError("no task completed for 30 s; " +
                                     std::to_string(running_.size()) + " are in flight"));
  }
}

void Workload::BeginWindow() {
  const absl::StatusOr<ServerUsage> usage = usage_();
  if (!usage.ok()) {
    Fail(usage.status());
    return;
  }
  usage_begin_ = *usage;
  phase_ = Phase::kMeasuring;
  window_begin_ = Clock::now();
  phase_until_ = window_begin_ + options_.window;
}

void Workload::EndWindow() {
  measurement_.window = Clock::now() - window_begin_;
  const absl::StatusOr<ServerUsage> usage = usage_();
  if (!usage.ok()) {
    Fail(usage.status());
    return;
  }
  measurement_.steps_per_task = options_.steps_per_task;
  measurement_.server_cpu = usage->cpu - usage_begin_.cpu;
  if (usage->syncs >= 0 && usage_begin_.syncs >= 0) {
    measurement_.syncs = usage->syncs - usage_begin_.syncs;
  }
  outcome_ = measurement_.latencies.empty()
                 ? absl::DeadlineExceededError("no task completed within the window")
                 : absl::OkStatus();
}

void Workload::Fail(absl::Status status) {
  if (!outcome_) outcome_ = std::move(status);
}

void Workload::EndCalls() {
  subscription_->Cancel();
  for (Creation* creation : creations_) creation->Cancel();
  void* tag = nullptr;
  bool ok = false;
  while ((!subscription_->ended() || !creations_.empty()) && queue_.Next(&tag, &ok)) {
    if (tag != this) static_cast<Completion*>(tag)->OnDone(ok);
  }
}

}  // namespace tasker::bench

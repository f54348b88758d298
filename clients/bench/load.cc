#include "clients/bench/load.h"

#include <algorithm>
#include <cmath>
#include <pthread.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include <grpc/support/time.h>
#include <sys/prctl.h>

#include "clients/bench/channels.h"

namespace tasker::bench {
namespace {

// An open loop with more unfinished tasks than these tells nothing any more.
constexpr std::size_t kLeftBehindMax = 1'000'000;

gpr_timespec GrpcTime(std::chrono::steady_clock::time_point time) {
  const std::chrono::nanoseconds left = time - std::chrono::steady_clock::now();
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(std::max<std::int64_t>(left.count(), 0), GPR_TIMESPAN));
}

absl::Status ToAbslStatus(const grpc::Status& status, const char* call) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      absl::StrCat(call, ": ", status.error_message()));
}

}  // namespace

Load::Load(LoadOptions options, std::function<absl::StatusOr<Usage>()> usage)
    : options_(std::move(options)),
      usage_(std::move(usage)),
      on_created_([this](CreateCall& call) { OnCreated(call); }) {
  request_.set_name(options_.task_name);
  request_.set_namespace_(options_.namespace_name);
  request_.set_context(options_.context);
  for (std::uint32_t i = 0; i < options_.channels; ++i) {
    stubs_.push_back(v1::TaskService::NewStub(OpenChannel(options_.server)));
  }
  events_ = v1::EventService::NewStub(OpenChannel(options_.server));
}

Load::~Load() {
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

absl::StatusOr<LoadResult> Load::Run() {
  last_completion_ = Clock::now();
  if (options_.creation_only) {
    Begin();
  } else {
    Subscribe();
  }
  while (!outcome_) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, GrpcTime(NextDeadline())) == grpc::CompletionQueue::GOT_EVENT) {
      if (tag == this) {
        absl::MutexLock lock(&mutex_);
        Fail(absl::UnavailableError(abort_reason_));
      } else {
        static_cast<Operation*>(tag)->OnDone(ok);
      }
    }
    OnTime(Clock::now());
  }
  EndCalls();
  if (!outcome_->ok()) return *outcome_;
  std::sort(result_.latencies.begin(), result_.latencies.end());
  return std::move(result_);
}

void Load::Abort(const std::string& reason) {
  absl::MutexLock lock(&mutex_);
  if (closed_ || !abort_reason_.empty()) return;
  abort_reason_ = reason;
  alarm_.Set(&queue_, gpr_time_0(GPR_CLOCK_MONOTONIC), this);
}

void Load::Subscribe() {
  v1::SubscribeRequest request;
  request.mutable_filter()->set_task_name(options_.task_name);
  for (const char* name : {"task.completed", "task.failed", "task.cancelled"}) {
    request.mutable_filter()->add_names(name);
  }
  subscription_ = std::make_unique<EventCall>(
      *events_, request, queue_, [this](const v1::SubscribeResponse& all) { OnEvents(all); },
      [this](const grpc::Status& status) { Fail(ToAbslStatus(status, "Subscribe ended")); });
}

void Load::Begin() {
  phase_ = Phase::kWarmingUp;
  // A number of tasks is measured whole; else the window waits for the first completion.
  if (options_.tasks > 0) {
    BeginWindow();
    phase_until_ = Time::max();
  }
  if (!closed_loop()) {
    pace_from_ = Clock::now();
    pacing_ = true;
    pacer_ = std::thread([this] { Pace(); });
    return;
  }
  for (std::uint32_t i = 0; i < options_.in_flight; ++i) CreateOne(Clock::now());
}

void Load::CreateOne(Time intended) {
  absl::MutexLock lock(&calls_mutex_);
  if (options_.tasks > 0 && begun_ == options_.tasks) return;
  auto* const call =
      new CreateCall(*stubs_[begun_ % stubs_.size()], request_, queue_, intended, on_created_);
  ++begun_;
  calls_.insert(call);
  call->Start();
}

void Load::Pace() {
  pthread_setname_np(pthread_self(), "bench-pace");
  // The system would put timers off by 50 us, to bundle them.
  prctl(PR_SET_TIMERSLACK, 1);
  for (std::uint64_t i = 0; pacing_.load(std::memory_order_relaxed); ++i) {
    const Time due = pace_from_ + std::chrono::nanoseconds(static_cast<std::int64_t>(
                                      std::llround(static_cast<double>(i) * 1e9 / options_.rate)));
    std::this_thread::sleep_until(due);
    CreateOne(due);
  }
}

void Load::OnCreated(CreateCall& call) {
  {
    absl::MutexLock lock(&calls_mutex_);
    calls_.erase(&call);
  }
  if (outcome_) return;
  if (!call.status().ok()) {
    Fail(ToAbslStatus(call.status(), "CreateTask"));
    return;
  }
  if (options_.creation_only) {
    OnCompleted(call.intended(), Clock::now());
    return;
  }
  const auto early = early_.find(call.task_id());
  if (early == early_.end()) {
    running_.emplace(call.task_id(), call.intended());
    if (running_.size() > kLeftBehindMax) {
      Fail(absl::ResourceExhaustedError("the service does not keep up with the rate"));
    }
    return;
  }
  const Time completed = early->second;
  early_.erase(early);
  OnCompleted(call.intended(), completed);
}

void Load::OnEvents(const v1::SubscribeResponse& response) {
  if (outcome_) return;
  // The first response says that the subscription stands.
  if (phase_ == Phase::kStarting) Begin();
  const Time now = Clock::now();
  for (const v1::Event& event : response.events()) {
    if (event.name() != "task.completed") {
      Fail(absl::InternalError(
          absl::StrCat(event.name(), " of task ", event.task_id(), ": ", event.payload())));
      return;
    }
    const auto found = running_.find(event.task_id());
    if (found == running_.end()) {
      early_.emplace(event.task_id(), now);
      continue;
    }
    const Time intended = found->second;
    running_.erase(found);
    OnCompleted(intended, now);
  }
}

void Load::OnCompleted(Time intended, Time completed) {
  last_completion_ = completed;
  ++completed_in_all_;
  if (phase_ == Phase::kWarmingUp && phase_until_ == Time::max()) {
    phase_until_ = completed + options_.warmup;
  }
  if (phase_ == Phase::kMeasuring) ++result_.completed;
  if (closed_loop()) {
    if (phase_ == Phase::kMeasuring) result_.latencies.push_back(completed - intended);
    if (options_.tasks > 0 && completed_in_all_ == options_.tasks) {
      EndWindow();
      return;
    }
    CreateOne(Clock::now());
  } else if (phase_ >= Phase::kMeasuring && intended >= window_begin_ && intended < window_end_) {
    result_.latencies.push_back(completed - intended);
  }
}

Load::Time Load::NextDeadline() const {
  // An open loop that drains looks now and then whether all that were due are done.
  const Time look =
      phase_ == Phase::kDraining ? Clock::now() + std::chrono::milliseconds(20) : Time::max();
  return std::min({phase_until_, look, last_completion_ + options_.stall_max});
}

void Load::OnTime(Time now) {
  if (outcome_) return;
  if (phase_ == Phase::kDraining) {
    EndDraining(now);
  } else if (now >= last_completion_ + options_.stall_max) {
    Fail(absl::DeadlineExceededError(absl::StrCat("no task completed for ",
                                                  options_.stall_max.count() / 1000, " s; ",
                                                  running_.size(), " are in flight")));
  } else if (now >= phase_until_) {
    if (phase_ == Phase::kWarmingUp) {
      BeginWindow();
    } else {
      EndWindow();
    }
  }
}

void Load::BeginWindow() {
  absl::StatusOr<Usage> usage = usage_();
  if (!usage.ok()) {
    Fail(usage.status());
    return;
  }
  result_.begin = *std::move(usage);
  phase_ = Phase::kMeasuring;
  window_begin_ = Clock::now();
  phase_until_ = window_begin_ + options_.window;
}

void Load::EndWindow() {
  const Time now = Clock::now();
  // A window in which nothing happened would tell nothing: it is longer then.
  if (closed_loop() && result_.completed == 0) {
    phase_until_ = now + options_.window;
    return;
  }
  result_.window = now - window_begin_;
  absl::StatusOr<Usage> usage = usage_();
  if (!usage.ok()) {
    Fail(usage.status());
    return;
  }
  result_.end = *std::move(usage);
  if (!closed_loop()) {
    phase_ = Phase::kDraining;
    window_end_ = now;
    phase_until_ =
        now + std::max<std::chrono::nanoseconds>(options_.window, std::chrono::seconds(10));
    return;
  }
  outcome_ = absl::OkStatus();
}

// The load goes on meanwhile: the last tasks of the window have it no easier than the first.
void Load::EndDraining(Time now) {
  std::vector<Time> left;
  for (const auto& [id, intended] : running_) {
    if (intended >= window_begin_ && intended < window_end_) left.push_back(intended);
  }
  bool all_created = true;
  {
    absl::MutexLock lock(&calls_mutex_);
    for (const CreateCall* call : calls_) {
      if (call->intended() < window_end_) all_created = false;
      if (call->intended() >= window_begin_ && call->intended() < window_end_ &&
          now >= phase_until_) {
        left.push_back(call->intended());
      }
    }
  }
  if (now < phase_until_ && (!left.empty() || !all_created)) return;
  for (const Time intended : left) result_.latencies.push_back(now - intended);
  result_.unfinished = left.size();
  outcome_ = result_.latencies.empty()
                 ? absl::DeadlineExceededError("no task was due within the window")
                 : absl::OkStatus();
}

void Load::Fail(absl::Status status) {
  if (!outcome_) outcome_ = std::move(status);
}

void Load::EndCalls() {
  pacing_ = false;
  if (pacer_.joinable()) pacer_.join();
  if (subscription_ != nullptr) subscription_->Cancel();
  {
    absl::MutexLock lock(&calls_mutex_);
    for (CreateCall* call : calls_) call->Cancel();
  }
  const auto all_ended = [this] {
    absl::MutexLock lock(&calls_mutex_);
    return calls_.empty() && (subscription_ == nullptr || subscription_->ended());
  };
  void* tag = nullptr;
  bool ok = false;
  while (!all_ended() && queue_.Next(&tag, &ok)) {
    if (tag != this) static_cast<Operation*>(tag)->OnDone(ok);
  }
}

}  // namespace tasker::bench

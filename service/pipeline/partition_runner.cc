#include "service/pipeline/partition_runner.h"

#include <algorithm>
#include <iterator>
#include <pthread.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include <sys/prctl.h>

#include "service/pipeline/record_batch.h"
#include "service/pipeline/recovery.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

// What one commit holds at most, so that a long backlog does not make a commit of seconds.
constexpr std::size_t kSubmissionsPerCommitMax = 4096;

// Likewise in bytes; one submission may go beyond it.
constexpr std::size_t kBytesPerCommitMax = 64u << 20;

// As many commands as one step makes: its result, and what its handler has room for again.
constexpr std::size_t kOneStepMax = 2;

// When a task that could not be read is tried again.
constexpr engine::Duration kReadAgainAfter = std::chrono::seconds(1);

// Owners may follow each other with the same seed in their options, but never draw the same.
std::uint64_t SeedOf(std::uint64_t seed, storage::Epoch epoch) {
  return seed + storage::Raw(epoch) * 0x9e3779b97f4a7c15;
}

absl::Status Stopped() { return absl::UnavailableError("the service stops"); }

}  // namespace

absl::StatusOr<std::unique_ptr<PartitionRunner>> PartitionRunner::Start(Options options,
                                                                        storage::Store* store,
                                                                        EffectSink* sink) {
  std::unique_ptr<PartitionRunner> runner(new PartitionRunner(std::move(options), store, sink));
  absl::StatusOr<storage::Ownership> ownership = store->Acquire(runner->options_.partition);
  if (!ownership.ok()) return ownership.status();
  if (absl::Status taken = runner->TakeUp(*ownership); !taken.ok()) return taken;
  return runner;
}

void PartitionRunner::Begin() {
  partition_thread_ = std::thread([this] { RunPartition(); });
  commit_thread_ = std::thread([this] { RunCommit(); });
}

PartitionRunner::PartitionRunner(Options options, storage::Store* store, EffectSink* sink)
    : options_(std::move(options)), store_(*store), sink_(*sink) {}

PartitionRunner::~PartitionRunner() { Stop(); }

absl::Status PartitionRunner::TakeUp(const storage::Ownership& ownership) {
  const engine::Timestamp now = clock_.Now();
  const auto pauses = ReadPauses(store_, options_.partition);
  if (!pauses.ok()) return pauses.status();
  auto partition = std::make_unique<engine::Partition>(options_.settings,
                                                       SeedOf(options_.seed, ownership.epoch));
  partition->Restore(*pauses);
  const auto unreadable = [this](const engine::TaskId& task, const absl::Status& why) {
    if (options_.on_unreadable) options_.on_unreadable(task, why);
  };
  absl::Status read = ReadOpenTasks(
      store_, options_.first_slot, options_.last_slot, options_.find_template,
      [&](engine::StoredTask stored) {
        absl::Status restored = partition->Restore(std::move(stored), now);
        partition->Settle();
        return restored;
      },
      unreadable);
  if (!read.ok()) return read;
  partition_ = std::move(partition);
  epoch_ = ownership.epoch;
  last_sequence_ = ownership.last_sequence;
  last_wake_ = ownership.last_sequence;
  ends_.clear();
  end_of_.clear();
  unread_.clear();
  open_tasks_ = partition_->open_tasks();
  sleeping_tasks_ = partition_->sleeping_tasks();
  absl::MutexLock lock(&next_mutex_);
  committed_ = last_sequence_;
  failure_ = absl::OkStatus();
  return absl::OkStatus();
}

void PartitionRunner::Submit(engine::Command command, Completion done) {
  std::vector<engine::Command> commands;
  commands.push_back(std::move(command));
  Submit(std::move(commands), std::move(done));
}

void PartitionRunner::Submit(std::vector<engine::Command> commands, Completion done) {
  Post({std::move(commands), std::move(done), nullptr, std::nullopt, nullptr});
}

void PartitionRunner::SubmitHere(std::vector<engine::Command> commands, Completion done) {
  if (commands.size() > kOneStepMax || !TakeOver()) {
    Submit(std::move(commands), std::move(done));
    return;
  }
  std::vector<Submission> work;
  work.push_back({std::move(commands), std::move(done), nullptr, std::nullopt, nullptr});
  // The partition's thread finds out for itself if it failed.
  Do(work).IgnoreError();
  GiveBack();
}

bool PartitionRunner::TakeOver() {
  absl::MutexLock lock(&inbox_mutex_);
  const bool idle = sleeping_ && inbox_.empty() && !closed_ && !commit_failed_ && MayTakeWork();
  if (!idle || !one_by_one_) return false;
  return taken_over_ = true;
}

void PartitionRunner::GiveBack() {
  absl::MutexLock lock(&inbox_mutex_);
  taken_over_ = false;
  const bool has_to_do = !inbox_.empty() || commit_failed_ || closed_;
  if (has_to_do || NextDue() < sleeps_until_) inbox_changed_.Signal();
}

void PartitionRunner::Inspect(Inspection look) {
  Post({{}, nullptr, std::move(look), std::nullopt, nullptr});
}

void PartitionRunner::Inspect(const engine::TaskId& task, Inspection look) {
  Post({{}, nullptr, std::move(look), task, nullptr});
}

void PartitionRunner::Change(storage::Batch batch, storage::Sequence as_of, Completion done) {
  const auto add = [this, batch = std::move(batch), as_of](Group& group) {
    if (last_wake_ > as_of) return absl::AbortedError("a finished task has changed since");
    group.batch.Append(batch);
    return absl::OkStatus();
  };
  Post({{}, std::move(done), nullptr, std::nullopt, add});
}

void PartitionRunner::Write(storage::Batch rows, Completion done) {
  Write(std::move(rows), {}, std::move(done));
}

void PartitionRunner::Write(storage::Batch rows, std::vector<storage::v1::EventRecord> events,
                            Completion done) {
  auto add = [rows = std::move(rows), events = std::move(events)](Group& group) mutable {
    group.batch.Append(rows);
    for (storage::v1::EventRecord& event : events) group.effects.events.Add(std::move(event));
    return absl::OkStatus();
  };
  Post({{}, std::move(done), nullptr, std::nullopt, std::move(add)});
}

void PartitionRunner::ProbeStore() {
  const auto add = [](Group& group) {
    group.needs_commit = true;
    return absl::OkStatus();
  };
  Post({{}, nullptr, nullptr, std::nullopt, add});
}

void PartitionRunner::Adopt(AdoptedTask task, Completion done) {
  auto add = [this, task = std::move(task)](Group& group) mutable {
    return AdoptInto(task, group);
  };
  Post({{}, std::move(done), nullptr, std::nullopt, std::move(add)});
}

absl::Status PartitionRunner::AdoptInto(AdoptedTask& task, Group& group) {
  const engine::TaskId id = task.stored.id;
  const auto stored = store_.Get(storage::Table::kTasks, storage::TaskKey(id.bytes()));
  if (!stored.ok()) return stored.status();
  if (stored->has_value() || partition_->Look(id) != nullptr || end_of_.contains(id)) {
    return absl::AlreadyExistsError(absl::StrCat("task ", id.ToString(), " is there already"));
  }
  if (engine::IsOpen(static_cast<engine::TaskState>(task.stored.record.state()))) {
    const absl::Status restored = partition_->Restore(std::move(task.stored), clock_.Now());
    if (!restored.ok()) return restored;
  } else {
    ends_.emplace_back(group.sequence, id);
    end_of_[id] = group.sequence;
  }
  group.batch.Append(task.rows);
  return absl::OkStatus();
}

void PartitionRunner::Publish(std::vector<storage::v1::EventRecord> events, Completion done) {
  Write({}, std::move(events), std::move(done));
}

void PartitionRunner::Post(Submission submission) {
  const absl::Status taken = Enqueue(submission);
  if (!taken.ok()) Answer(submission, taken);
}

absl::Status PartitionRunner::Enqueue(Submission& submission) {
  absl::MutexLock lock(&inbox_mutex_);
  if (closed_) return Stopped();
  if (!refusing_.ok()) return refusing_;
  const bool had_enough = !inbox_.empty() && MayTakeWork();
  inbox_commands_ += submission.commands.size();
  inbox_.push_back(std::move(submission));
  if (!had_enough && MayTakeWork()) inbox_changed_.Signal();
  return absl::OkStatus();
}

absl::Status PartitionRunner::store_status() const {
  absl::MutexLock lock(&inbox_mutex_);
  return refusing_;
}

storage::Sequence PartitionRunner::committed() const {
  absl::MutexLock lock(&next_mutex_);
  return committed_;
}

void PartitionRunner::Stop() {
  absl::MutexLock lock(&stop_mutex_);
  {
    absl::MutexLock inbox_lock(&inbox_mutex_);
    closed_ = true;
    inbox_changed_.Signal();
  }
  if (partition_thread_.joinable()) partition_thread_.join();
  if (commit_thread_.joinable()) commit_thread_.join();
}

std::size_t PartitionRunner::backlog() const {
  absl::MutexLock lock(&inbox_mutex_);
  return inbox_.size();
}

void PartitionRunner::RunPartition() {
  pthread_setname_np(pthread_self(), "partition");
  // Retries when they are due, and not up to 50 us later, together with the system's other timers.
  prctl(PR_SET_TIMERSLACK, 1);
  std::vector<Submission> work;
  while (AwaitWork(work)) {
    absl::Status failure = Do(work);
    work.clear();
    if (!failure.ok()) SitOut(std::move(failure));
  }
  absl::MutexLock lock(&next_mutex_);
  no_more_groups_ = true;
  next_added_.Signal();
}

bool PartitionRunner::MayTakeWork() const {
  return !taken_over_ && (groups_passed_on_ == 0 || inbox_commands_ >= kPipelinedMin);
}

bool PartitionRunner::AwaitWork(std::vector<Submission>& work) {
  absl::MutexLock lock(&inbox_mutex_);
  while (!MayTakeWork() || (inbox_.empty() && !closed_ && !commit_failed_)) {
    if (!MayTakeWork()) {
      Sleep(engine::Timestamp::max());
      continue;
    }
    const engine::Timestamp due = NextDue();
    if (due <= clock_.Now()) return true;
    Sleep(due);
  }
  if (inbox_.empty()) return commit_failed_;
  one_by_one_ = inbox_commands_ <= kOneStepMax;
  if (inbox_.size() <= kSubmissionsPerCommitMax) {
    work.swap(inbox_);
  } else {
    const auto end = inbox_.begin() + kSubmissionsPerCommitMax;
    work.assign(std::make_move_iterator(inbox_.begin()), std::make_move_iterator(end));
    inbox_.erase(inbox_.begin(), end);
  }
  inbox_commands_ = CommandsIn(inbox_);
  return true;
}

engine::Timestamp PartitionRunner::NextDue() const {
  engine::Timestamp due = partition_->NextTimer().value_or(engine::Timestamp::max());
  if (!unread_.empty()) due = std::min(due, read_again_at_);
  return due;
}

void PartitionRunner::Sleep(engine::Timestamp until) {
  sleeping_ = true;
  sleeps_until_ = until;
  if (until == engine::Timestamp::max()) {
    inbox_changed_.Wait(&inbox_mutex_);
  } else {
    const engine::Duration left = until - clock_.Now();
    inbox_changed_.WaitWithTimeout(&inbox_mutex_, absl::Microseconds(left.count()));
  }
  sleeping_ = false;
}

std::unique_ptr<PartitionRunner::Group> PartitionRunner::ApplyFrom(std::vector<Submission>& work,
                                                                   std::size_t& next) {
  auto group = std::make_unique<Group>();
  group->sequence = storage::Next(last_sequence_);
  history_rows_ = 0;
  ForgetDurableEnds();
  WakeWanted(*group);
  // Timers are looked at with every group, so that a stream of submissions cannot keep them
  // waiting.
  if (const auto timer = partition_->NextTimer(); timer && *timer <= clock_.Now()) {
    absl::Status ignored;
    ApplyOne(engine::FireTimers{}, *group, ignored);
  }
  for (; next < work.size() && group->batch.bytes() < kBytesPerCommitMax; ++next) {
    Submission& submission = work[next];
    if (const auto sequence = Awaits(submission)) {
      // Of this very group: it has to be passed on first.
      if (*sequence > last_sequence_) break;
      AwaitCommitted(*sequence);
    }
    if (submission.look) {
      if (submission.looked_at && partition_->IsAsleep(*submission.looked_at)) {
        // What cannot be read is told by whoever looks for it in the store.
        Wake(*submission.looked_at).IgnoreError();
      }
      submission.look(partition_.get());
    }
    absl::Status answer;
    if (submission.add) answer = submission.add(*group);
    for (engine::Command& command : submission.commands) {
      ApplyOne(std::move(command), *group, answer);
    }
    if (submission.done) group->answers.push_back({std::move(submission.done), std::move(answer)});
  }
  if (const auto events = group->effects.events.Take()) {
    group->batch.Put(storage::Table::kEvents,
                     storage::EventKey(options_.partition, group->sequence),
                     events->SerializeAsString());
    group->events = events;
  }
  for (const engine::TaskId& task : partition_->Settle()) {
    ends_.emplace_back(group->sequence, task);
    end_of_[task] = group->sequence;
  }
  group->needs_commit = group->needs_commit || !group->batch.empty();
  if (group->needs_commit) {
    last_sequence_ = group->sequence;
  } else {
    group->sequence = last_sequence_;
    // Whoever left memory with nothing to commit is as the commit before left it.
    for (auto end = ends_.rbegin(); end != ends_.rend() && end->first > last_sequence_; ++end) {
      end->first = end_of_[end->second] = last_sequence_;
    }
  }
  open_tasks_.store(partition_->open_tasks(), std::memory_order_relaxed);
  sleeping_tasks_.store(partition_->sleeping_tasks(), std::memory_order_relaxed);
  return group;
}

void PartitionRunner::ApplyOne(engine::Command command, Group& group, absl::Status& answer) {
  if (absl::Status awake = WakeFor(command, group.sequence); !awake.ok()) {
    answer = std::move(awake);
    return;
  }
  answer = partition_->Apply(std::move(command), clock_.Now(), group.effects);
  for (const engine::RecordWrite& write : group.effects.records) {
    if (write.kind == engine::RecordWrite::Kind::kClosed) {
      ends_.emplace_back(group.sequence, write.task);
      end_of_[write.task] = group.sequence;
    }
    AddRecord(write, options_.partition, group.sequence, history_rows_, group.batch);
  }
  group.effects.records.clear();
}

void PartitionRunner::WakeWanted(Group& group) {
  std::vector<engine::TaskId> wanted = partition_->TakeWanted();
  if (!unread_.empty() && clock_.Now() >= read_again_at_) {
    std::ranges::move(std::exchange(unread_, {}), std::back_inserter(wanted));
  }
  if (wanted.empty()) return;
  for (const engine::TaskId& task : wanted) {
    if (!partition_->IsAsleep(task)) continue;
    if (const auto end = end_of_.find(task); end != end_of_.end()) AwaitCommitted(end->second);
    const absl::Status woken = Wake(task);
    if (woken.ok()) continue;
    if (absl::IsDataLoss(woken) || absl::IsNotFound(woken)) {
      partition_->Drop(task);
      if (options_.on_unreadable) options_.on_unreadable(task, woken);
    } else {
      unread_.push_back(task);
      read_again_at_ = clock_.Now() + kReadAgainAfter;
    }
  }
  absl::Status ignored;
  ApplyOne(engine::FireTimers{}, group, ignored);
}

std::optional<storage::Sequence> PartitionRunner::Awaits(const Submission& submission) const {
  std::optional<storage::Sequence> sequence;
  const auto look_at = [&](const std::optional<engine::TaskId>& task) {
    const auto end = task ? end_of_.find(*task) : end_of_.end();
    if (end != end_of_.end()) sequence = std::max(sequence.value_or(end->second), end->second);
  };
  for (const engine::Command& command : submission.commands) look_at(partition_->Wants(command));
  if (submission.looked_at && partition_->IsAsleep(*submission.looked_at)) {
    look_at(submission.looked_at);
  }
  return sequence;
}

void PartitionRunner::AwaitCommitted(storage::Sequence sequence) {
  absl::MutexLock lock(&next_mutex_);
  while (committed_ < sequence && failure_.ok()) next_changed_.Wait(&next_mutex_);
}

void PartitionRunner::ForgetDurableEnds() {
  if (ends_.empty()) return;
  storage::Sequence committed{};
  {
    absl::MutexLock lock(&next_mutex_);
    committed = committed_;
  }
  for (; !ends_.empty() && ends_.front().first <= committed; ends_.pop_front()) {
    const auto end = end_of_.find(ends_.front().second);
    if (end != end_of_.end() && end->second <= committed) end_of_.erase(end);
  }
}

absl::Status PartitionRunner::WakeFor(const engine::Command& command, storage::Sequence sequence) {
  const std::optional<engine::TaskId> task = partition_->Wants(command);
  if (!task) return absl::OkStatus();
  if (!partition_->IsAsleep(*task)) last_wake_ = sequence;
  absl::Status woken = Wake(*task);
  // The command itself says what it means that there is none.
  return absl::IsNotFound(woken) ? absl::OkStatus() : woken;
}

absl::Status PartitionRunner::Wake(const engine::TaskId& task) {
  absl::StatusOr<engine::StoredTask> stored = ReadStoredTask(store_, task, options_.find_template);
  if (!stored.ok()) return stored.status();
  return partition_->Wake(*std::move(stored), clock_.Now());
}

std::size_t PartitionRunner::CommandsIn(const std::vector<Submission>& submissions) {
  std::size_t count = 0;
  for (const Submission& submission : submissions) count += submission.commands.size();
  return count;
}

void PartitionRunner::Answer(Submission& submission, const absl::Status& why) {
  if (submission.look) submission.look(nullptr);
  if (submission.done) submission.done(why, storage::Sequence{});
}

}  // namespace tasker::service

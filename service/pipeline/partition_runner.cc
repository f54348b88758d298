#include "service/pipeline/partition_runner.h"

#include <algorithm>
#include <pthread.h>
#include <utility>

#include "absl/time/time.h"

#include "service/pipeline/record_batch.h"
#include "service/pipeline/recovery.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

// What one commit holds at most, so that a long backlog does not make a commit of seconds.
constexpr std::size_t kSubmissionsPerCommitMax = 4096;

absl::Status Stopped() { return absl::UnavailableError("the service stops or cannot write"); }

}  // namespace

absl::StatusOr<std::unique_ptr<PartitionRunner>> PartitionRunner::Start(Options options,
                                                                        storage::Store* store,
                                                                        EffectSink* sink) {
  absl::StatusOr<storage::Ownership> ownership = store->Acquire(options.partition);
  if (!ownership.ok()) return ownership.status();
  std::unique_ptr<PartitionRunner> runner(
      new PartitionRunner(std::move(options), store, sink, *ownership));
  if (absl::Status recovered = runner->Recover(); !recovered.ok()) return recovered;
  return runner;
}

void PartitionRunner::Begin() {
  partition_thread_ = std::thread([this] { RunPartition(); });
  commit_thread_ = std::thread([this] { RunCommit(); });
}

PartitionRunner::PartitionRunner(Options options, storage::Store* store, EffectSink* sink,
                                 storage::Ownership ownership)
    : options_(std::move(options)),
      store_(*store),
      sink_(*sink),
      epoch_(ownership.epoch),
      first_sequence_(ownership.last_sequence),
      partition_(options_.settings, options_.seed),
      last_sequence_(ownership.last_sequence),
      committed_(ownership.last_sequence) {}

PartitionRunner::~PartitionRunner() { Stop(); }

absl::Status PartitionRunner::Recover() {
  const engine::Timestamp now = clock_.Now();
  const auto pauses = ReadPauses(store_, options_.partition);
  if (!pauses.ok()) return pauses.status();
  partition_.Restore(*pauses);
  absl::Status status = ReadOpenTasks(
      store_, options_.first_slot, options_.last_slot, options_.find_template,
      [&](engine::StoredTask stored) { return partition_.Restore(std::move(stored), now); });
  open_tasks_ = partition_.open_tasks();
  return status;
}

void PartitionRunner::Submit(engine::Command command, Completion done) {
  std::vector<engine::Command> commands;
  commands.push_back(std::move(command));
  Submit(std::move(commands), std::move(done));
}

void PartitionRunner::Submit(std::vector<engine::Command> commands, Completion done) {
  Submission submission{std::move(commands), std::move(done), nullptr};
  if (!Enqueue(submission) && submission.done) submission.done(Stopped(), storage::Sequence{});
}

void PartitionRunner::Inspect(Inspection look) {
  Submission submission{{}, nullptr, std::move(look)};
  if (!Enqueue(submission)) submission.look(nullptr);
}

bool PartitionRunner::Enqueue(Submission& submission) {
  absl::MutexLock lock(&inbox_mutex_);
  if (closed_ || failed_) return false;
  inbox_.push_back(std::move(submission));
  if (inbox_.size() == 1) inbox_changed_.Signal();
  return true;
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
  std::vector<Submission> work;
  while (AwaitWork(work)) {
    std::size_t next = 0;
    do {
      PassOn(ApplyFrom(work, next));
    } while (next < work.size());
    work.clear();
  }
  absl::MutexLock lock(&next_mutex_);
  no_more_groups_ = true;
  next_changed_.SignalAll();
}

bool PartitionRunner::AwaitWork(std::vector<Submission>& work) {
  absl::MutexLock lock(&inbox_mutex_);
  while (inbox_.empty() && !closed_) {
    const std::optional<engine::Timestamp> timer = partition_.NextTimer();
    if (!timer) {
      inbox_changed_.Wait(&inbox_mutex_);
      continue;
    }
    const engine::Duration left = *timer - clock_.Now();
    if (left <= engine::Duration::zero()) return true;
    inbox_changed_.WaitWithTimeout(&inbox_mutex_, absl::Microseconds(left.count()));
  }
  if (inbox_.empty()) return false;
  if (inbox_.size() <= kSubmissionsPerCommitMax) {
    work.swap(inbox_);
  } else {
    const auto end = inbox_.begin() + kSubmissionsPerCommitMax;
    work.assign(std::make_move_iterator(inbox_.begin()), std::make_move_iterator(end));
    inbox_.erase(inbox_.begin(), end);
  }
  return true;
}

std::unique_ptr<PartitionRunner::Group> PartitionRunner::ApplyFrom(std::vector<Submission>& work,
                                                                   std::size_t& next) {
  auto group = std::make_unique<Group>();
  group->sequence = storage::Next(last_sequence_);
  history_rows_ = 0;
  ForgetDurableEnds();
  // Timers are looked at with every group, so that a stream of submissions cannot keep them
  // waiting.
  if (const auto timer = partition_.NextTimer(); timer && *timer <= clock_.Now()) {
    absl::Status ignored;
    ApplyOne(engine::FireTimers{}, *group, ignored);
  }
  for (; next < work.size(); ++next) {
    Submission& submission = work[next];
    if (const auto sequence = Awaits(submission)) {
      // Of this very group: it has to be passed on first.
      if (*sequence > last_sequence_) break;
      AwaitCommitted(*sequence);
    }
    if (submission.look) submission.look(&partition_);
    absl::Status answer;
    for (engine::Command& command : submission.commands) {
      ApplyOne(std::move(command), *group, answer);
    }
    if (submission.done) group->answers.push_back({std::move(submission.done), std::move(answer)});
  }
  if (!group->effects.events.empty()) {
    auto events = std::make_shared<storage::v1::EventBatchRecord>();
    for (storage::v1::EventRecord& event : group->effects.events) {
      *events->add_events() = std::move(event);
    }
    group->effects.events.clear();
    group->batch.Put(storage::Table::kEvents,
                     storage::EventKey(options_.partition, group->sequence),
                     events->SerializeAsString());
    group->events = std::move(events);
  }
  group->needs_commit = !group->batch.empty();
  if (group->needs_commit) {
    last_sequence_ = group->sequence;
  } else {
    group->sequence = last_sequence_;
  }
  open_tasks_.store(partition_.open_tasks(), std::memory_order_relaxed);
  return group;
}

void PartitionRunner::ApplyOne(engine::Command command, Group& group, absl::Status& answer) {
  if (absl::Status awake = WakeFor(command); !awake.ok()) {
    answer = std::move(awake);
    return;
  }
  answer = partition_.Apply(std::move(command), clock_.Now(), group.effects);
  for (const engine::RecordWrite& write : group.effects.records) {
    if (write.kind == engine::RecordWrite::Kind::kClosed) {
      ends_.emplace_back(group.sequence, write.task);
      end_of_[write.task] = group.sequence;
    }
    AddRecord(write, options_.partition, group.sequence, history_rows_, group.batch);
  }
  group.effects.records.clear();
}

std::optional<storage::Sequence> PartitionRunner::Awaits(const Submission& submission) const {
  std::optional<storage::Sequence> sequence;
  for (const engine::Command& command : submission.commands) {
    const std::optional<engine::TaskId> task = partition_.Wants(command);
    const auto end = task ? end_of_.find(*task) : end_of_.end();
    if (end != end_of_.end()) sequence = std::max(sequence.value_or(end->second), end->second);
  }
  return sequence;
}

void PartitionRunner::AwaitCommitted(storage::Sequence sequence) {
  absl::MutexLock lock(&next_mutex_);
  while (committed_ < sequence && !failed_) next_changed_.Wait(&next_mutex_);
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

absl::Status PartitionRunner::WakeFor(const engine::Command& command) {
  const std::optional<engine::TaskId> task = partition_.Wants(command);
  if (!task) return absl::OkStatus();
  absl::StatusOr<engine::StoredTask> stored = ReadStoredTask(store_, *task, options_.find_template);
  // The command itself says what it means that there is none.
  if (absl::IsNotFound(stored.status())) return absl::OkStatus();
  if (!stored.ok()) return stored.status();
  return partition_.Wake(*std::move(stored), clock_.Now());
}

void PartitionRunner::PassOn(std::unique_ptr<Group> group) {
  absl::MutexLock lock(&next_mutex_);
  while (next_ != nullptr) next_changed_.Wait(&next_mutex_);
  next_ = std::move(group);
  next_changed_.SignalAll();
}

void PartitionRunner::RunCommit() {
  pthread_setname_np(pthread_self(), "commit");
  while (true) {
    std::unique_ptr<Group> group;
    {
      absl::MutexLock lock(&next_mutex_);
      while (next_ == nullptr && !no_more_groups_) next_changed_.Wait(&next_mutex_);
      if (next_ == nullptr) return;
      group = std::move(next_);
      next_changed_.SignalAll();
    }
    absl::Status committed = failed_ ? Stopped() : CommitGroup(*group);
    if (committed.ok()) {
      {
        absl::MutexLock lock(&next_mutex_);
        committed_ = group->sequence;
        next_changed_.SignalAll();
      }
      Release(*group);
    } else {
      Fail(committed, *group);
      absl::MutexLock lock(&next_mutex_);
      next_changed_.SignalAll();
    }
  }
}

absl::Status PartitionRunner::CommitGroup(const Group& group) {
  if (!group.needs_commit) return absl::OkStatus();
  const storage::CommitResult result =
      store_.Commit(options_.partition, epoch_, group.sequence, group.batch);
  if (result.outcome != storage::CommitOutcome::kInDoubt) return result.detail;
  // Never guess: the store knows whether it has the commit.
  const absl::StatusOr<storage::Sequence> last = store_.LastSequence(options_.partition);
  return last.ok() && *last == group.sequence ? absl::OkStatus() : result.detail;
}

void PartitionRunner::Release(Group& group) {
  sink_.Release(
      {options_.partition, group.sequence, std::move(group.effects), std::move(group.events)});
  for (Answer& answer : group.answers) answer.done(answer.status, group.sequence);
}

void PartitionRunner::Fail(const absl::Status& why, Group& group) {
  // The engine in memory is ahead of the store now, so nothing more may come of it: the store is
  // the truth, and a restart goes on from there.
  const bool first = !failed_.exchange(true);
  for (Answer& answer : group.answers) answer.done(Stopped(), storage::Sequence{});
  if (first && options_.on_failure) options_.on_failure(why);
}

}  // namespace tasker::service

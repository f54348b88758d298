// A partition at work: commands in, durable commits, effects out.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "engine/command.h"
#include "engine/partition.h"
#include "service/pipeline/clock.h"
#include "service/pipeline/committed.h"
#include "storage/store.h"

namespace tasker::service {

// Told once what was asked for is durable, or why it will not be: one after the other, in the order
// of the commits, on one of the runner's threads, which it must not hold up. `sequence` is the
// commit that the answer stands on.
using Completion = absl::AnyInvocable<void(const absl::Status& answer, storage::Sequence sequence)>;

using Inspection = absl::AnyInvocable<void(const engine::Partition*)>;

// A task as it was exported, and what the store is to hold of it.
struct AdoptedTask {
  engine::StoredTask stored;
  // Its rows in all tables.
  storage::Batch rows;
};

// Runs one engine::Partition. Whatever has come in while a commit was under way goes together into
// the next: alone a command never waits, and under load many share one sync, one message to each
// handler, and what else a commit costs. Only from so many on that more would not make it cheaper
// are the next commands applied while the last are being committed, by another thread.
//
// Threads: one at a time works: `partition`, or a caller of SubmitHere while that has nothing to
// do. It alone touches the engine. One at a time, whoever works or, for large groups, `commit`
// writes to the store and calls completions and the sink. All public methods may be called from any
// thread.
class PartitionRunner {
 public:
  struct Options {
    storage::PartitionId partition{};
    // The slots [first, last) that the partition owns.
    std::uint16_t first_slot = 0;
    std::uint16_t last_slot = 0;
    engine::PartitionSettings settings;
    // See engine::Partition.
    std::uint64_t seed = 0;
    // Finds the template of an open task; null: it is gone, which keeps the runner from starting.
    std::function<engine::TaskTemplatePtr(const engine::TemplateId&)> find_template;
    // Told of what happens to the partition; any may be null. All are called on the partition's
    // thread.
    //
    // Another owner has the partition. Final: what comes is answered with UNAVAILABLE.
    std::function<void(const absl::Status& why)> on_fenced;
    // The store takes no commits. What was not yet durable has been answered with an error, and so
    // is what comes; the runner tries to go on until it can, or is stopped.
    std::function<void(const absl::Status& why)> on_unwritable;
    // It takes commits again, and the runner has taken everything up anew from the store, whose
    // newest commit is `newest`: handlers have to register again.
    std::function<void(storage::Sequence newest)> on_writable;
    // An open task cannot be read, and is left out.
    std::function<void(const engine::TaskId& task, const absl::Status& why)> on_unreadable;
    // How long to wait before the first attempt to go on, and the longest wait between two.
    absl::Duration retry_first = absl::Milliseconds(100);
    absl::Duration retry_max = absl::Seconds(2);
  };

  // Takes the partition in `store` and reads its open tasks. `store` and `sink` must outlive the
  // runner. Errors: what the store answers.
  static absl::StatusOr<std::unique_ptr<PartitionRunner>> Start(Options options,
                                                                storage::Store* store,
                                                                EffectSink* sink);

  // Stops as Stop does.
  ~PartitionRunner();

  // Starts to work, once. From here on the sink may be called; what was submitted before waits.
  void Begin();
  PartitionRunner(const PartitionRunner&) = delete;
  PartitionRunner& operator=(const PartitionRunner&) = delete;

  // Queues commands to be applied one after the other in one commit. `done` may be null; with
  // several commands it is given the last one's answer. Errors beside the commands' own:
  // UNAVAILABLE after Stop, at once and on the caller's thread; UNAVAILABLE, RESOURCE_EXHAUSTED or
  // DATA_LOSS while the store takes no commits, the message saying whether the commands may have
  // been done.
  void Submit(std::vector<engine::Command> commands, Completion done);
  void Submit(engine::Command command, Completion done);

  // As Submit; but while commands come one by one, the caller itself does a single one, which
  // spares the waking of a thread. So the caller waits for the store, and must hold no lock that a
  // completion or the sink takes.
  void SubmitHere(std::vector<engine::Command> commands, Completion done);

  // Commits changes to what the engine does not have in memory: finished tasks and events. They
  // were worked out from the store as of the commit `as_of`. Errors beside Submit's: ABORTED: a
  // finished task was looked at by the engine since, so nothing was done: work them out anew.
  void Change(storage::Batch batch, storage::Sequence as_of, Completion done);

  // Commits rows that the engine does not know.
  void Write(storage::Batch rows, Completion done);
  // And with them events that tell of the change.
  void Write(storage::Batch rows, std::vector<storage::v1::EventRecord> events, Completion done);

  // Adds events that come from elsewhere to the log.
  void Publish(std::vector<storage::v1::EventRecord> events, Completion done);

  // Commits nothing, so that the runner notices if the store takes no commits: others write to it
  // as well, and only the runner makes it take them again.
  void ProbeStore();

  // Adds a task that comes from elsewhere, and takes it up if it is open. Errors beside Submit's:
  // ALREADY_EXISTS; DATA_LOSS: its records do not fit each other.
  void Adopt(AdoptedTask task, Completion done);

  // Calls `look` on the partition's thread, between two commands, with the partition as it is: it
  // may be ahead of what is durable. Null instead after Stop, or while the store takes no commits.
  void Inspect(Inspection look);
  // The same of one task, which is read from the store for it if it sleeps.
  void Inspect(const engine::TaskId& task, Inspection look);

  // Commits everything submitted so far, then ends both threads. Idempotent.
  void Stop();

  storage::PartitionId partition() const { return options_.partition; }
  // Submissions that wait to be applied.
  std::size_t backlog() const;
  // Tasks that are open, as of the last commands applied.
  std::size_t open_tasks() const { return open_tasks_.load(std::memory_order_relaxed); }
  // Those of them that are not in memory.
  std::size_t sleeping_tasks() const { return sleeping_tasks_.load(std::memory_order_relaxed); }
  // OK, or why the store takes no commits.
  absl::Status store_status() const;
  // The newest commit that is durable; seen by every read that begins from now on.
  storage::Sequence committed() const;

 private:
  // So many commands make a commit of their own while another is under way. Fewer wait for its end:
  // what a commit costs beside its commands would be paid twice for them.
  static constexpr std::size_t kPipelinedMin = 128;

  struct Group;
  struct Submission {
    std::vector<engine::Command> commands;
    Completion done;
    // Set instead of the others by Inspect, with the task that is looked at, if it is one.
    Inspection look;
    std::optional<engine::TaskId> looked_at;
    // Adds what is neither command nor look to the group, on the partition's thread.
    absl::AnyInvocable<absl::Status(Group& group)> add;
  };
  struct Answered {
    Completion done;
    absl::Status status;
  };
  // What is applied together and becomes durable together.
  struct Group {
    storage::Sequence sequence{};
    bool needs_commit = false;
    storage::Batch batch;
    engine::Effects effects;
    EventBatchPtr events;
    std::vector<Answered> answers;
  };

  PartitionRunner(Options options, storage::Store* store, EffectSink* sink);
  // Makes a partition of what the store holds.
  absl::Status TakeUp(const storage::Ownership& ownership);

  void RunPartition();
  void RunCommit();
  // Waits for submissions or a due timer, and for the commit under way unless there is enough to do
  // beside it. Empty and false: time to end.
  bool AwaitWork(std::vector<Submission>& work);
  bool MayTakeWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(inbox_mutex_);
  // When the partition has to be looked at, whatever is submitted; never: the farthest future.
  engine::Timestamp NextDue() const;
  // Lets the partition's thread sleep, at most until `until`.
  void Sleep(engine::Timestamp until) ABSL_EXCLUSIVE_LOCKS_REQUIRED(inbox_mutex_);
  // Whether the caller may work in place of the partition's thread: that sleeps, there is nothing
  // else to do, and seldom is. If so, GiveBack has to follow.
  bool TakeOver();
  void GiveBack();
  // Applies, commits and answers all of `work`. Not OK: a commit failed, and the partition's thread
  // has to sit it out.
  absl::Status Do(std::vector<Submission>& work);
  // Applies submissions from `next` on, and moves `next` behind them: all, or as far as one needs
  // what the group itself has changed to be durable.
  std::unique_ptr<Group> ApplyFrom(std::vector<Submission>& work, std::size_t& next);
  // The commit that must be durable before what the submission is about can be read from the store;
  // nullopt: none.
  std::optional<storage::Sequence> Awaits(const Submission& submission) const;
  void AwaitCommitted(storage::Sequence sequence);
  // Reads the task that `command` is about from the store, if it is not in memory.
  absl::Status WakeFor(const engine::Command& command, storage::Sequence sequence);
  // Reads a task and hands it to the engine. Errors: NOT_FOUND; as ReadStoredTask's.
  absl::Status Wake(const engine::TaskId& task);
  // Wakes what the engine wants, and lets it go on with it.
  void WakeWanted(Group& group);
  void Post(Submission submission);
  absl::Status AdoptInto(AdoptedTask& task, Group& group);
  void ForgetDurableEnds();
  // Not OK: the runner takes nothing now, and why; `submission` is as it was.
  absl::Status Enqueue(Submission& submission);
  void ApplyOne(engine::Command command, Group& group, absl::Status& answer);
  // Whether the partition's thread may commit by itself: no commit is under way. If so,
  // CommitAndRelease has to follow.
  bool TakeCommit();
  // Hands the group to the commit's thread, once there is room.
  void PassOn(std::unique_ptr<Group> group);
  void CommitAndRelease(std::unique_ptr<Group> group);
  absl::Status CommitGroup(const Group& group);
  void Release(Group& group);
  // Why the last commit failed; OK if it did not. Waits for the commit under way if one has failed.
  absl::Status AwaitFailure();
  // After a failed commit: refuses everything until the store can be written again.
  void SitOut(absl::Status why);
  // Answers what waits in the inbox with `why`, and refuses with it what comes; OK: takes it again.
  void Refuse(const absl::Status& why);
  // False: it is time to end.
  bool WaitToRetry(absl::Duration wait);
  static void Answer(Submission& submission, const absl::Status& why);
  static std::size_t CommandsIn(const std::vector<Submission>& submissions);

  const Options options_;
  storage::Store& store_;
  EffectSink& sink_;

  // Of whoever works. `epoch_` is read by the commit's, but changed only while that has
  // nothing to do.
  storage::Epoch epoch_{};
  std::unique_ptr<engine::Partition> partition_;
  SteadyWallClock clock_;
  storage::Sequence last_sequence_{};
  std::uint32_t history_rows_ = 0;
  // Tasks that the engine wants and that could not be read yet.
  std::vector<engine::TaskId> unread_;
  engine::Timestamp read_again_at_{};
  // Tasks that have left memory with a commit that may not be durable yet, oldest first.
  std::deque<std::pair<storage::Sequence, engine::TaskId>> ends_;
  absl::flat_hash_map<engine::TaskId, storage::Sequence> end_of_;
  // The newest commit with which a finished task may have changed.
  storage::Sequence last_wake_{};

  mutable absl::Mutex inbox_mutex_;
  absl::CondVar inbox_changed_;
  std::vector<Submission> inbox_ ABSL_GUARDED_BY(inbox_mutex_);
  // In those submissions.
  std::size_t inbox_commands_ ABSL_GUARDED_BY(inbox_mutex_) = 0;
  // Groups that the commit's thread has been given and has not done with.
  int groups_passed_on_ ABSL_GUARDED_BY(inbox_mutex_) = 0;
  // Whether the partition's thread sleeps, and until when; the farthest future: until it is woken.
  bool sleeping_ ABSL_GUARDED_BY(inbox_mutex_) = false;
  engine::Timestamp sleeps_until_ ABSL_GUARDED_BY(inbox_mutex_){};
  // Whether what the partition's thread did last was no more than one step's: with several at a
  // time, a caller who works would keep the next from coming.
  bool one_by_one_ ABSL_GUARDED_BY(inbox_mutex_) = true;
  // Whether a caller of SubmitHere works.
  bool taken_over_ ABSL_GUARDED_BY(inbox_mutex_) = false;
  // Set while everything is refused.
  absl::Status refusing_ ABSL_GUARDED_BY(inbox_mutex_);
  // Set by a failed commit, so that the partition's thread need not wait for work to notice it.
  bool commit_failed_ ABSL_GUARDED_BY(inbox_mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(inbox_mutex_) = false;

  mutable absl::Mutex next_mutex_;
  // The commit's thread waits for the one, the partition's for the other.
  absl::CondVar next_added_;
  absl::CondVar next_changed_;
  // The group behind the one being committed; null: there is room for one.
  std::unique_ptr<Group> next_ ABSL_GUARDED_BY(next_mutex_);
  bool no_more_groups_ ABSL_GUARDED_BY(next_mutex_) = false;
  bool committing_ ABSL_GUARDED_BY(next_mutex_) = false;
  // Why a commit failed; those behind it stand on it, and are not tried.
  absl::Status failure_ ABSL_GUARDED_BY(next_mutex_);
  storage::Sequence committed_ ABSL_GUARDED_BY(next_mutex_){};

  std::atomic<std::size_t> open_tasks_{0};
  std::atomic<std::size_t> sleeping_tasks_{0};
  absl::Mutex stop_mutex_;
  std::thread partition_thread_;
  std::thread commit_thread_;
};

}  // namespace tasker::service

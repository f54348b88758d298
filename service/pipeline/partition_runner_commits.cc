// The second half of the runner's work: what was applied is committed and let out, and what follows
// if that fails.
#include <algorithm>
#include <pthread.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "service/pipeline/partition_runner.h"

namespace tasker::service {
namespace {

// What failed at the store, in words for whom it concerns.
absl::Status Explained(const absl::Status& why, std::string_view what_became) {
  const absl::StatusCode code = absl::IsResourceExhausted(why) || absl::IsDataLoss(why)
                                    ? why.code()
                                    : absl::StatusCode::kUnavailable;
  return absl::Status(
      code, absl::StrCat("the store cannot be written: ", std::string(why.message()), "; ",
                         std::string(what_became)));
}

absl::Status Refused(const absl::Status& why) {
  return Explained(why, "nothing was done, and the same can be asked again once it can");
}

absl::Status InDoubt(const absl::Status& why) {
  return Explained(why,
                   "whether this was done is known once it can: look, or ask again with an "
                   "idempotency key");
}

}  // namespace

absl::Status PartitionRunner::Do(std::vector<Submission>& work) {
  std::size_t next = 0;
  const bool pipelined = CommandsIn(work) >= kPipelinedMin;
  absl::Status failure;
  do {
    std::unique_ptr<Group> group = ApplyFrom(work, next);
    if (!pipelined && TakeCommit()) {
      CommitAndRelease(std::move(group));
    } else {
      PassOn(std::move(group));
    }
    failure = AwaitFailure();
  } while ((next < work.size() || partition_->HasWanted()) && failure.ok());
  for (; next < work.size(); ++next) Answer(work[next], Refused(failure));
  return failure;
}

void PartitionRunner::PassOn(std::unique_ptr<Group> group) {
  {
    absl::MutexLock lock(&inbox_mutex_);
    ++groups_passed_on_;
  }
  absl::MutexLock lock(&next_mutex_);
  while (next_ != nullptr) next_changed_.Wait(&next_mutex_);
  next_ = std::move(group);
  next_added_.Signal();
}

bool PartitionRunner::TakeCommit() {
  absl::MutexLock lock(&next_mutex_);
  if (next_ != nullptr || committing_) return false;
  return committing_ = true;
}

void PartitionRunner::RunCommit() {
  pthread_setname_np(pthread_self(), "commit");
  while (true) {
    std::unique_ptr<Group> group;
    {
      absl::MutexLock lock(&next_mutex_);
      while (next_ == nullptr && !no_more_groups_) next_added_.Wait(&next_mutex_);
      if (next_ == nullptr) return;
      group = std::move(next_);
      committing_ = true;
      next_changed_.Signal();
    }
    CommitAndRelease(std::move(group));
    absl::MutexLock lock(&inbox_mutex_);
    --groups_passed_on_;
    if (MayTakeWork()) inbox_changed_.Signal();
  }
}

void PartitionRunner::CommitAndRelease(std::unique_ptr<Group> group) {
  const absl::Status committed = CommitGroup(*group);
  {
    absl::MutexLock lock(&next_mutex_);
    if (committed.ok()) {
      committed_ = group->sequence;
    } else if (failure_.ok()) {
      failure_ = committed;
    }
    next_changed_.Signal();
  }
  if (committed.ok()) {
    Release(*group);
  } else {
    for (Answered& answer : group->answers) answer.done(InDoubt(committed), storage::Sequence{});
    absl::MutexLock lock(&inbox_mutex_);
    commit_failed_ = true;
    inbox_changed_.Signal();
  }
  group.reset();
  absl::MutexLock lock(&next_mutex_);
  committing_ = false;
  next_changed_.Signal();
}

absl::Status PartitionRunner::CommitGroup(const Group& group) {
  {
    absl::MutexLock lock(&next_mutex_);
    if (!failure_.ok()) return failure_;
  }
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
  for (Answered& answer : group.answers) answer.done(answer.status, group.sequence);
}

absl::Status PartitionRunner::AwaitFailure() {
  absl::MutexLock lock(&next_mutex_);
  if (failure_.ok()) return failure_;
  while (next_ != nullptr || committing_) next_changed_.Wait(&next_mutex_);
  return failure_;
}

void PartitionRunner::SitOut(absl::Status why) {
  // The engine in memory is ahead of the store now, so nothing more may come of it: the store is
  // the truth, and the partition is made anew from it, as after a crash.
  Refuse(Refused(why));
  if (absl::IsAborted(why)) {
    if (options_.on_fenced) options_.on_fenced(why);
    while (WaitToRetry(absl::InfiniteDuration())) {
    }
    return;
  }
  if (options_.on_unwritable) options_.on_unwritable(why);
  absl::Duration wait = options_.retry_first;
  while (WaitToRetry(wait)) {
    wait = std::min(2 * wait, options_.retry_max);
    why = store_.Recover();
    if (why.ok()) {
      const absl::StatusOr<storage::Ownership> ownership = store_.Acquire(options_.partition);
      why = ownership.ok() ? TakeUp(*ownership) : ownership.status();
    }
    if (!why.ok()) {
      Refuse(Refused(why));
      continue;
    }
    // In this order: whoever is told that it goes on may ask at once. What is asked waits for us.
    Refuse(absl::OkStatus());
    if (options_.on_writable) options_.on_writable(last_sequence_);
    return;
  }
}

void PartitionRunner::Refuse(const absl::Status& why) {
  std::vector<Submission> refused;
  {
    absl::MutexLock lock(&inbox_mutex_);
    refusing_ = why;
    commit_failed_ = false;
    if (!why.ok()) {
      refused.swap(inbox_);
      inbox_commands_ = 0;
    }
  }
  for (Submission& submission : refused) Answer(submission, why);
}

bool PartitionRunner::WaitToRetry(absl::Duration wait) {
  absl::MutexLock lock(&inbox_mutex_);
  const absl::Time until = absl::Now() + wait;
  while (!closed_ && !inbox_changed_.WaitWithDeadline(&inbox_mutex_, until)) {
  }
  return !closed_;
}

}  // namespace tasker::service

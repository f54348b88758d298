#include "service/tasks/task_reader.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include <google/protobuf/util/time_util.h>

#include "config/context_defaults.h"
#include "engine/states/execution_status.h"
#include "engine/states/step_machine.h"
#include "engine/tasks/record_codec.h"
#include "service/pipeline/recovery.h"
#include "service/tasks/task_history.h"
#include "storage/keys.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {
namespace {

using storage::Table;
using Steps = std::vector<std::pair<engine::StepIndex, storage::v1::StepRecord>>;

constexpr std::uint32_t kPageSizeDefault = 20;
constexpr std::uint32_t kPageSizeMax = 100;
// Tasks that one page looks at, so that a filter that matches few of millions holds up nobody.
constexpr int kTasksPerPageMax = 10'000;

void SetTime(std::int64_t micros, google::protobuf::Timestamp* (v1::Task::*field)(),
             v1::Task& task) {
  if (micros == 0) return;
  *(task.*field)() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(micros);
}

void SetTime(std::int64_t micros, google::protobuf::Timestamp* (v1::Step::*field)(),
             v1::Step& step) {
  if (micros == 0) return;
  *(step.*field)() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(micros);
}

template <typename Message>
void SetAct(const storage::v1::OperatorRecord& act, Message& out,
            google::protobuf::Timestamp* (Message::*at)()) {
  out.set_actor(act.actor());
  out.set_reason(act.reason());
  *(out.*at)() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(act.at_us());
}

// What the task's record and its steps' say, without names that only the template knows.
v1::Task HeaderOf(const engine::TaskId& id, const storage::v1::TaskRecord& record,
                  const Steps& steps) {
  v1::Task task;
  task.set_task_id(id.ToString());
  task.set_name(record.name());
  task.set_namespace_(record.namespace_());
  task.set_version(record.version());
  task.set_state(record.state());
  task.set_initiator(record.initiator());
  task.set_source_system(record.source_system());
  task.set_reason(record.reason());
  *task.mutable_tags() = record.tags();
  task.set_traceparent(record.traceparent());
  task.set_tracestate(record.tracestate());
  SetTime(record.created_at_us(), &v1::Task::mutable_created_at, task);
  SetTime(record.started_at_us(), &v1::Task::mutable_started_at, task);
  SetTime(record.completed_at_us(), &v1::Task::mutable_completed_at, task);
  const engine::StepCounts counts = engine::CountSteps(record.total_steps(), steps);
  task.set_total_steps(counts.total);
  task.set_completed_steps(counts.done);
  task.set_execution_status(engine::ExecutionStatusOf(counts, record.has_pause()));
  task.set_priority(Raw(engine::PriorityOf(record)));
  task.set_compensating(record.compensating());
  if (record.has_pause()) SetAct(record.pause(), *task.mutable_pause(), &v1::Pause::mutable_since);
  if (record.has_cancel()) {
    SetAct(record.cancel(), *task.mutable_cancellation(), &v1::CancellationRequest::mutable_at);
  }
  if (const auto parent = engine::TaskId::FromBytes(record.parent_task())) {
    task.set_parent_task_id(parent->ToString());
  }
  return task;
}

void FillStep(const storage::v1::StepRecord& record, v1::Step& step) {
  const auto state = static_cast<engine::StepState>(record.state());
  step.set_state(record.state());
  step.set_classic_state(std::string(engine::ClassicNameOf(state)));
  step.set_attempts(record.attempts() - record.forgiven_attempts());
  step.set_checkpoint(record.checkpoint());
  if (const auto sub_task = engine::TaskId::FromBytes(record.sub_task())) {
    step.set_sub_task_id(sub_task->ToString());
  }
  if (record.items_plus_one() > 0) step.set_items_total(record.items_plus_one() - 1);
  step.set_results(record.results());
  if (record.has_last_failure()) *step.mutable_last_failure() = record.last_failure();
  SetTime(record.started_at_us(), &v1::Step::mutable_started_at, step);
  SetTime(record.completed_at_us(), &v1::Step::mutable_completed_at, step);
  SetTime(record.next_retry_at_us(), &v1::Step::mutable_next_retry_at, step);
  if (state == engine::StepState::kInProgress) {
    step.set_handler_name(record.handler_name());
    step.set_deferred(record.deferred());
  }
}

// Counts the items of `for_each` steps that are done.
void FillItems(const Steps& records, v1::Task& task) {
  for (const auto& [index, record] : records) {
    if (record.items_plus_one() == 0 ||
        Raw(index) >= static_cast<std::uint32_t>(task.steps_size())) {
      continue;
    }
    const std::uint32_t first = record.items_first();
    const std::uint32_t end = first + record.items_plus_one() - 1;
    std::uint32_t done = 0;
    for (const auto& [item, item_record] : records) {
      const bool of_step = Raw(item) >= first && Raw(item) < end;
      if (of_step && engine::IsDone(static_cast<engine::StepState>(item_record.state()))) ++done;
    }
    task.mutable_steps(static_cast<int>(Raw(index)))->set_items_completed(done);
  }
}

void FillSteps(const engine::TaskId& id, const engine::TaskTemplate& task_template,
               const Steps& records, v1::Task& task) {
  for (std::uint32_t i = 0; i < task_template.steps.size(); ++i) {
    const engine::StepTemplate& from = task_template.steps[i];
    v1::Step& step = *task.add_steps();
    step.set_step_id(engine::StepIdText(id, engine::StepIndex{i}));
    step.set_name(from.name);
    step.set_handler_class(from.handler_class);
    for (const engine::StepIndex parent : from.parents) {
      step.add_depends_on(task_template.steps[Raw(parent)].name);
    }
    step.set_state(v1::STEP_STATE_PENDING);
    step.set_classic_state(std::string(engine::ClassicNameOf(engine::StepState::kPending)));
    step.set_retry_limit(from.retry_limit);
    step.set_retryable(from.retryable);
  }
  for (const auto& [index, record] : records) {
    if (Raw(index) < task_template.steps.size()) {
      FillStep(record, *task.mutable_steps(static_cast<int>(Raw(index))));
    }
  }
  FillItems(records, task);
}

void FillFailed(const engine::TaskTemplate& task_template, const Steps& records, v1::Task& task) {
  for (const auto& [index, record] : records) {
    if (record.state() == v1::STEP_STATE_ERROR && Raw(index) < task_template.steps.size()) {
      task.add_failed_steps(task_template.steps[Raw(index)].name);
    }
  }
}

absl::StatusOr<storage::v1::TaskRecord> ReadRecord(storage::Snapshot& snapshot,
                                                   const engine::TaskId& id) {
  auto value = snapshot.Get(Table::kTasks, storage::TaskKey(id.bytes()));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return absl::NotFoundError(absl::StrCat("no task ", id.ToString()));
  storage::v1::TaskRecord record;
  if (!record.ParseFromString(**value)) {
    return absl::DataLossError(absl::StrCat("task ", id.ToString(), ": cannot be read"));
  }
  return record;
}

bool Matches(const storage::v1::TaskRecord& record, const v1::ListTasksRequest& request) {
  return (request.namespace_().empty() || record.namespace_() == request.namespace_()) &&
         (request.name().empty() || record.name() == request.name()) &&
         (request.version().empty() || record.version() == request.version()) &&
         (request.state() == v1::TASK_STATE_UNSPECIFIED || record.state() == request.state());
}

// The first key of the page: behind the last of the page before, which is what a token holds.
absl::StatusOr<std::string> FirstKey(const v1::ListTasksRequest& request,
                                     storage::PartitionId partition) {
  if (request.page_token().empty()) return storage::PartitionKey(partition);
  std::string key;
  if (!absl::WebSafeBase64Unescape(request.page_token(), &key) || !storage::CreatedTaskIdIn(key)) {
    return absl::InvalidArgumentError("page_token: was not made by this service");
  }
  key.push_back('\0');
  return key;
}

}  // namespace

absl::StatusOr<v1::Task> TaskReader::Read(const engine::TaskId& id) const {
  const std::unique_ptr<storage::Snapshot> snapshot = store_.TakeSnapshot();
  const absl::StatusOr<storage::v1::TaskRecord> record = ReadRecord(*snapshot, id);
  if (!record.ok()) return record.status();
  const absl::StatusOr<Steps> steps = ReadSteps(*snapshot, id);
  if (!steps.ok()) return steps.status();
  auto context = snapshot->Get(Table::kContexts, storage::TaskKey(id.bytes()));
  if (!context.ok()) return context.status();

  v1::Task task = HeaderOf(id, *record, *steps);
  const engine::TaskTemplatePtr task_template = find_template_(
      {record->namespace_(), record->name(), record->version(), record->initialized()});
  if (task_template == nullptr) {
    return absl::DataLossError(absl::StrCat("task ", id.ToString(), ": its template is gone"));
  }
  if (const auto parent = engine::TaskId::FromBytes(record->parent_task())) {
    task.set_parent_step_name(
        StepNameOf(*snapshot, *parent, record->parent_step(), record->parent_moves()));
  }
  task.set_context(
      config::WithDefaults(std::move(*context).value_or(""), task_template->default_context_shown));
  FillSteps(id, *task_template, *steps, task);
  FillFailed(*task_template, *steps, task);
  return task;
}

std::string TaskReader::StepNameOf(storage::Snapshot& snapshot, const engine::TaskId& task,
                                   std::uint32_t step, std::uint32_t moves) const {
  const absl::StatusOr<storage::v1::TaskRecord> record = ReadRecord(snapshot, task);
  if (!record.ok()) return "";
  const bool moved_since = moves < static_cast<std::uint32_t>(record->earlier_versions_size());
  const engine::TaskTemplatePtr found = find_template_(
      {record->namespace_(), record->name(),
       moved_since ? record->earlier_versions(static_cast<int>(moves)) : record->version(),
       record->initialized()});
  return found != nullptr && step < found->steps.size() ? found->steps[step].name : "";
}

absl::StatusOr<v1::GetTaskHistoryResponse> TaskReader::History(
    const engine::TaskId& id, const v1::GetTaskHistoryRequest& request) const {
  return ReadTaskHistory(store_, partition_, find_template_, id, request);
}

absl::StatusOr<std::optional<v1::Task>> TaskReader::ReadListed(
    storage::Snapshot& snapshot, const engine::TaskId& id,
    const std::function<bool(const storage::v1::TaskRecord&)>& wanted) const {
  const absl::StatusOr<storage::v1::TaskRecord> record = ReadRecord(snapshot, id);
  if (absl::IsNotFound(record.status())) return std::nullopt;
  if (!record.ok()) return record.status();
  if (!wanted(*record)) return std::nullopt;
  const absl::StatusOr<Steps> steps = ReadSteps(snapshot, id);
  if (!steps.ok()) return steps.status();
  v1::Task task = HeaderOf(id, *record, *steps);
  if (const auto task_template = find_template_(
          {record->namespace_(), record->name(), record->version(), record->initialized()})) {
    FillFailed(*task_template, *steps, task);
  }
  return task;
}

absl::StatusOr<v1::ListTasksResponse> TaskReader::List(const v1::ListTasksRequest& request) const {
  if (request.page_size() > kPageSizeMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", request.page_size(), " is over the limit of ", kPageSizeMax));
  }
  const absl::StatusOr<std::string> first = FirstKey(request, partition_);
  if (!first.ok()) return first.status();
  const int size =
      static_cast<int>(request.page_size() == 0 ? kPageSizeDefault : request.page_size());
  v1::ListTasksResponse page;
  const std::unique_ptr<storage::Snapshot> snapshot = store_.TakeSnapshot();
  const auto rows =
      snapshot->Scan(Table::kCreated, *first, storage::KeyAfter(storage::PartitionKey(partition_)));
  std::string last;
  for (int looked_at = 0; rows->Valid(); rows->Next(), ++looked_at) {
    // There is one more, so there is a next page.
    if (page.tasks_size() == size || looked_at == kTasksPerPageMax) {
      page.set_next_page_token(absl::WebSafeBase64Escape(last));
      return page;
    }
    last = std::string(rows->key());
    const std::optional<std::string_view> bytes = storage::CreatedTaskIdIn(rows->key());
    const auto id = bytes ? engine::TaskId::FromBytes(*bytes) : std::nullopt;
    if (!id) return absl::DataLossError("a key in the table `created` cannot be read");
    absl::StatusOr<std::optional<v1::Task>> task =
        ReadListed(*snapshot, *id, [&](const auto& record) { return Matches(record, request); });
    if (!task.ok()) return task.status();
    if (*task) *page.add_tasks() = **std::move(task);
  }
  if (absl::Status status = rows->status(); !status.ok()) return status;
  return page;
}

}  // namespace tasker::service

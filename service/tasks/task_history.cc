#include "service/tasks/task_history.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include <google/protobuf/util/time_util.h>

#include "engine/states/step_machine.h"
#include "engine/states/task_machine.h"
#include "service/tasks/history_events.h"
#include "storage/keys.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {
namespace {

using storage::Table;

constexpr std::uint32_t kPageSizeDefault = 100;
constexpr std::uint32_t kPageSizeMax = 1000;

// The version that a task ran on after so many moves.
const std::string& VersionAfter(const storage::v1::TaskRecord& record, std::uint32_t moves) {
  return moves < static_cast<std::uint32_t>(record.earlier_versions_size())
             ? record.earlier_versions(static_cast<int>(moves))
             : record.version();
}

// The names of steps in each version that the task has run on.
class StepNames {
 public:
  StepNames(const storage::v1::TaskRecord& record, const TaskReader::FindTemplate& find_template)
      : record_(record), find_template_(find_template) {}

  std::string NameOf(std::uint32_t step, std::uint32_t moves) {
    const std::string& version = VersionAfter(record_, moves);
    if (task_template_ == nullptr || task_template_->id.version != version) {
      task_template_ =
          find_template_({record_.namespace_(), record_.name(), version, record_.initialized()});
    }
    return task_template_ != nullptr && step < task_template_->steps.size()
               ? task_template_->steps[step].name
               : absl::StrCat("#", step);
  }

 private:
  const storage::v1::TaskRecord& record_;
  const TaskReader::FindTemplate& find_template_;
  // The last one used.
  engine::TaskTemplatePtr task_template_;
};

void Fill(const storage::v1::Transition& from, const storage::v1::TaskRecord& record,
          StepNames& names, v1::HistoryEntry& entry) {
  const std::uint32_t step = from.step_plus_one();
  if (step == 0) {
    entry.set_from(std::string(NameOf(static_cast<engine::TaskState>(from.task_from()))));
    entry.set_to(std::string(NameOf(static_cast<engine::TaskState>(from.task_to()))));
  } else {
    entry.set_from(std::string(NameOf(static_cast<engine::StepState>(from.step_from()))));
    entry.set_to(std::string(NameOf(static_cast<engine::StepState>(from.step_to()))));
    std::string name = names.NameOf(step - 1, from.moves());
    if (from.item_plus_one() > 0) absl::StrAppend(&name, "[", from.item_plus_one() - 1, "]");
    entry.set_step_name(std::move(name));
  }
  *entry.mutable_at() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(from.at_us());
  entry.set_attempt(from.attempt());
  entry.set_actor(from.actor());
  entry.set_reason(from.reason());
  if (!from.from_version().empty()) {
    entry.set_from_version(from.from_version());
    entry.set_to_version(VersionAfter(record, from.moves()));
  }
}

// The first key of the page: behind the last of the page before, whose place a token holds.
absl::StatusOr<std::string> FirstKey(const engine::TaskId& task, const std::string& token) {
  std::string key = storage::TaskKey(task.bytes());
  if (token.empty()) return key;
  std::string place;
  const std::size_t expected =
      storage::HistoryPlaceIn(storage::HistoryKey(task.bytes(), storage::Sequence{}, 0)).size();
  if (!absl::WebSafeBase64Unescape(token, &place) || place.size() != expected) {
    return absl::InvalidArgumentError("page_token: was not made by this service");
  }
  key.append(place).push_back('\0');
  return key;
}

// Has `events` go over those of the row before `first`, if it is not the history's first key.
absl::Status PassOver(std::string_view first, storage::Snapshot& snapshot, HistoryEvents& events) {
  const auto sequence = storage::HistorySequenceIn(first);
  if (!sequence) return absl::OkStatus();
  const auto row = snapshot.Get(Table::kHistory, first.substr(0, first.size() - 1));
  if (!row.ok()) return row.status();
  storage::v1::HistoryRecord history;
  if (!row->has_value() || !history.ParseFromString(**row) || history.transitions().empty()) {
    return absl::OkStatus();
  }
  v1::HistoryEntry told;
  return events.AddTo(*sequence, history.transitions(0).at_us(), told);
}

}  // namespace

absl::StatusOr<v1::GetTaskHistoryResponse> ReadTaskHistory(
    storage::Store& store, storage::PartitionId partition,
    const TaskReader::FindTemplate& find_template, const engine::TaskId& task,
    const v1::GetTaskHistoryRequest& request) {
  if (request.page_size() > kPageSizeMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", request.page_size(), " is over the limit of ", kPageSizeMax));
  }
  const std::unique_ptr<storage::Snapshot> snapshot = store.TakeSnapshot();
  const auto value = snapshot->Get(Table::kTasks, storage::TaskKey(task.bytes()));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return absl::NotFoundError(absl::StrCat("no task ", task.ToString()));
  storage::v1::TaskRecord record;
  if (!record.ParseFromString(**value)) {
    return absl::DataLossError(absl::StrCat("task ", task.ToString(), ": cannot be read"));
  }
  const engine::TaskTemplatePtr task_template =
      find_template({record.namespace_(), record.name(), record.version(), record.initialized()});
  if (task_template == nullptr) {
    return absl::DataLossError(absl::StrCat("task ", task.ToString(), ": its template is gone"));
  }
  const absl::StatusOr<std::string> first = FirstKey(task, request.page_token());
  if (!first.ok()) return first.status();
  const auto size =
      static_cast<int>(request.page_size() == 0 ? kPageSizeDefault : request.page_size());
  v1::GetTaskHistoryResponse page;
  StepNames names(record, find_template);
  const auto rows =
      snapshot->Scan(Table::kHistory, *first, storage::KeyAfter(storage::TaskKey(task.bytes())));
  std::string last;
  HistoryEvents events(task, partition, snapshot.get());
  // What the row before this page was told of is not told again.
  if (request.include_events()) {
    if (absl::Status passed = PassOver(*first, *snapshot, events); !passed.ok()) return passed;
  }
  for (; rows->Valid(); rows->Next()) {
    if (page.entries_size() >= size) {
      page.set_next_page_token(absl::WebSafeBase64Escape(last));
      break;
    }
    last = std::string(storage::HistoryPlaceIn(rows->key()));
    storage::v1::HistoryRecord history;
    const std::string_view row = rows->value();
    if (!history.ParseFromArray(row.data(), static_cast<int>(row.size()))) {
      return absl::DataLossError(
          absl::StrCat("task ", task.ToString(), ": a row of its history cannot be read"));
    }
    const int begin = page.entries_size();
    for (const storage::v1::Transition& transition : history.transitions()) {
      Fill(transition, record, names, *page.add_entries());
    }
    const auto sequence = storage::HistorySequenceIn(rows->key());
    if (!request.include_events() || !sequence || begin == page.entries_size()) continue;
    absl::Status added =
        events.AddTo(*sequence, history.transitions(0).at_us(), *page.mutable_entries(begin));
    if (!added.ok()) return added;
  }
  if (absl::Status status = rows->status(); !status.ok()) return status;
  return page;
}

}  // namespace tasker::service

#include "service/transfer/exporter.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>

#include "engine/model/ids.h"
#include "engine/states/task_machine.h"
#include "service/pipeline/recovery.h"
#include "service/transfer/export_format.h"
#include "service/transfer/record_json.h"
#include "storage/keys.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {
namespace {

using storage::Table;
using Json = nlohmann::ordered_json;

// What one response holds, about. Rows are looked at in no greater number, so that a filter that
// matches few of millions keeps no view of the store for long.
constexpr std::size_t kBytesPerPage = 256u << 10;
constexpr int kRowsPerPage = 2000;

void AddLine(const Json& json, std::string& lines) {
  // What is not UTF-8 was refused at the door; should some have come in all the same, it is
  // replaced.
  lines += json.dump(-1, ' ', false, Json::error_handler_t::replace);
  lines += '\n';
}

template <typename Record>
bool Parse(std::string_view bytes, Record& record) {
  return record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

absl::Status Unreadable(const std::string& what) {
  return absl::DataLossError(absl::StrCat(what, " cannot be read"));
}

}  // namespace

absl::StatusOr<std::string> Exporter::Next() {
  std::string lines;
  while (lines.empty() && part_ != Part::kEnd) {
    const std::unique_ptr<storage::Snapshot> snapshot = store_.TakeSnapshot();
    absl::Status added;
    switch (part_) {
      case Part::kHeader:
        AddLine({{kFormatField, kExportFormat}}, lines);
        break;
      case Part::kTemplates:
        added = AddTemplates(*snapshot, lines);
        break;
      case Part::kTasks:
        added = AddTasks(*snapshot, lines);
        break;
      case Part::kEvents:
        if (!request_.without_events()) added = AddEvents(*snapshot, lines);
        break;
      case Part::kEnd:
        break;
    }
    if (!added.ok()) return added;
    if (next_key_.empty()) part_ = static_cast<Part>(static_cast<int>(part_) + 1);
  }
  return lines;
}

absl::Status Exporter::AddTemplates(storage::Snapshot& snapshot, std::string& lines) {
  const std::string begin = storage::PartitionKey(storage::kCatalog);
  const auto rows = snapshot.Scan(Table::kTemplates, begin, storage::KeyAfter(begin));
  for (; rows->Valid(); rows->Next()) {
    storage::v1::TemplateRecord record;
    const auto name = storage::TemplateNameIn(rows->key());
    if (!name || !Parse(rows->value(), record)) return Unreadable("a template");
    if (!Wants(name->namespace_name, name->name)) continue;
    AddLine({{kTemplateField,
              {{"namespace", name->namespace_name},
               {"name", name->name},
               {"version", name->version},
               {"record", ToJson(record)}}}},
            lines);
  }
  return rows->status();
}

absl::Status Exporter::AddTasks(storage::Snapshot& snapshot, std::string& lines) {
  const auto rows = snapshot.Scan(Table::kTasks, std::exchange(next_key_, ""), "");
  for (int looked_at = 0; rows->Valid(); rows->Next()) {
    if (lines.size() >= kBytesPerPage || ++looked_at > kRowsPerPage) {
      next_key_ = rows->key();
      break;
    }
    absl::Status added = AddTask(snapshot, rows->key(), rows->value(), lines);
    if (!added.ok()) return added;
  }
  return rows->status();
}

absl::Status Exporter::AddTask(storage::Snapshot& snapshot, std::string_view key,
                               std::string_view value, std::string& lines) {
  const auto bytes = storage::TaskIdIn(key);
  const auto id = bytes ? engine::TaskId::FromBytes(*bytes) : std::nullopt;
  storage::v1::TaskRecord record;
  if (!id || !Parse(value, record)) return Unreadable("a task's record");
  const bool open = engine::IsOpen(static_cast<engine::TaskState>(record.state()));
  if (!Wants(record.namespace_(), record.name()) || (open && request_.finished_only())) {
    return absl::OkStatus();
  }
  const auto context = snapshot.Get(Table::kContexts, key);
  if (!context.ok()) return context.status();
  if (!context->has_value())
    return Unreadable(absl::StrCat("the context of task ", id->ToString()));
  const auto steps = ReadSteps(snapshot, *id);
  if (!steps.ok()) return steps.status();
  Json task = {{"task_id", id->ToString()},
               {"record", ToJson(record)},
               {"context", **context},
               {"steps", Json::array()}};
  for (const auto& [index, step] : *steps) {
    task["steps"].push_back({{"index", Raw(index)}, {"record", ToJson(step)}});
  }
  if (!request_.without_history()) {
    task["history"] = Json::array();
    const std::string prefix = storage::TaskKey(id->bytes());
    const auto rows = snapshot.Scan(Table::kHistory, prefix, storage::KeyAfter(prefix));
    for (; rows->Valid(); rows->Next()) {
      storage::v1::HistoryRecord history;
      if (!Parse(rows->value(), history)) {
        return Unreadable(absl::StrCat("the history of task ", id->ToString()));
      }
      task["history"].push_back(ToJson(history));
    }
    if (!rows->status().ok()) return rows->status();
  }
  AddLine({{kTaskField, std::move(task)}}, lines);
  return absl::OkStatus();
}

absl::Status Exporter::AddEvents(storage::Snapshot& snapshot, std::string& lines) {
  const std::string begin = storage::PartitionKey(partition_);
  const auto rows = snapshot.Scan(Table::kEvents, next_key_.empty() ? begin : next_key_,
                                  storage::KeyAfter(begin));
  next_key_.clear();
  for (int looked_at = 0; rows->Valid(); rows->Next()) {
    if (lines.size() >= kBytesPerPage || ++looked_at > kRowsPerPage) {
      next_key_ = rows->key();
      break;
    }
    storage::v1::EventBatchRecord events;
    if (!Parse(rows->value(), events)) return Unreadable("a row of the event log");
    for (const storage::v1::EventRecord& event : events.events()) {
      if (event.name().empty() || !Wants(event.namespace_(), event.task_name())) continue;
      AddLine({{kEventField, ToJson(event)}}, lines);
    }
  }
  return rows->status();
}

bool Exporter::Wants(std::string_view namespace_name, std::string_view name) const {
  return (request_.namespace_().empty() || request_.namespace_() == namespace_name) &&
         (request_.template_name().empty() || request_.template_name() == name);
}

}  // namespace tasker::service

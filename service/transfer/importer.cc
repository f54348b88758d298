#include "service/transfer/importer.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>

#include "engine/states/task_machine.h"
#include "engine/tasks/record_codec.h"
#include "service/maintenance/await_answer.h"
#include "service/payloads/json_check.h"
#include "service/payloads/payload_limits.h"
#include "service/pipeline/position.h"
#include "service/transfer/export_format.h"
#include "service/transfer/record_json.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

using storage::Table;
using Json = nlohmann::ordered_json;

// A task with all its steps' results stands in one line.
constexpr std::size_t kLineBytesMax = 1u << 30;
constexpr std::size_t kEventsPerCommit = 500;

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

// The object's text field; nullopt if it has none.
std::optional<std::string> Text(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// The payloads of an imported step, held to what every door holds them to.
absl::Status CheckPayloads(const storage::v1::StepRecord& step, std::uint64_t payload_bytes_max) {
  for (const auto& [what, payload] :
       {std::pair("task.steps.record.results", &step.results()),
        std::pair("task.steps.record.checkpoint", &step.checkpoint())}) {
    if (payload->empty()) continue;
    absl::Status checked =
        CheckJson(*payload, JsonKind::kAny, CollectedBytesMax(payload_bytes_max), what);
    if (!checked.ok()) return checked;
  }
  return absl::OkStatus();
}

// The JSON's `steps`, into the task and its rows.
absl::Status ReadSteps(const Json& json, std::uint64_t payload_bytes_max, AdoptedTask& task) {
  const auto steps = json.find("steps");
  if (steps == json.end()) return absl::OkStatus();
  for (const Json& entry : *steps) {
    const auto index = entry.is_object() ? entry.find("index") : entry.end();
    const auto record = entry.is_object() ? entry.find("record") : entry.end();
    if (index == entry.end() || record == entry.end() || !index->is_number_unsigned() ||
        index->get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max()) {
      return Wrong("task.steps: each must have `index`, a number of 32 bits, and `record`");
    }
    storage::v1::StepRecord step;
    if (absl::Status read = FromJson(*record, "task.steps.record", step); !read.ok()) return read;
    if (absl::Status checked = CheckPayloads(step, payload_bytes_max); !checked.ok()) {
      return checked;
    }
    const auto place = index->get<std::uint32_t>();
    task.rows.Put(Table::kSteps, storage::StepKey(task.stored.id.bytes(), place),
                  step.SerializeAsString());
    task.stored.steps.emplace_back(engine::StepIndex{place}, std::move(step));
  }
  return absl::OkStatus();
}

// The JSON's `history`, into the task's rows: before everything that is yet to happen to it here.
absl::Status ReadHistory(const Json& json, AdoptedTask& task) {
  const auto history = json.find("history");
  if (history == json.end()) return absl::OkStatus();
  std::uint32_t row = 0;
  for (const Json& entry : *history) {
    storage::v1::HistoryRecord change;
    if (absl::Status read = FromJson(entry, "task.history", change); !read.ok()) return read;
    task.rows.Put(Table::kHistory,
                  storage::HistoryKey(task.stored.id.bytes(), storage::Sequence{0}, row++),
                  change.SerializeAsString());
  }
  return absl::OkStatus();
}

// The rows of the task itself, once everything of it is read.
absl::Status AddHeaderRows(storage::PartitionId partition, AdoptedTask& task) {
  // Whether record, steps and template fit each other.
  const auto decoded = engine::DecodeTask(task.stored);
  if (!decoded.ok()) return Wrong(std::string(decoded.status().message()));
  const storage::v1::TaskRecord& record = task.stored.record;
  if (record.created_at_us() < 0 || record.completed_at_us() < 0) {
    return Wrong("task.record: times must not be negative");
  }
  const std::string_view id = task.stored.id.bytes();
  const std::string key = storage::TaskKey(id);
  task.rows.Put(Table::kTasks, key, record.SerializeAsString());
  task.rows.Put(Table::kContexts, key, engine::View(task.stored.context));
  task.rows.Put(Table::kCreated, storage::CreatedKey(partition, record.created_at_us(), id), "");
  if (engine::IsOpen((*decoded)->state)) {
    task.rows.Put(Table::kOpen, key, "");
  } else {
    task.rows.Put(Table::kFinished, storage::FinishedKey(partition, record.completed_at_us(), id),
                  engine::EncodeFinished(**decoded));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Importer::Take(std::string_view piece) {
  rest_.append(piece);
  std::size_t begin = 0;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos;
       end = rest_.find('\n', begin)) {
    absl::Status taken = TakeLine(std::string_view(rest_).substr(begin, end - begin));
    if (!taken.ok()) {
      return absl::Status(taken.code(),
                          absl::StrCat("line ", line_, ": ", std::string(taken.message())));
    }
    begin = end + 1;
  }
  rest_.erase(0, begin);
  if (rest_.size() > kLineBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("line ", line_ + 1, ": is over the limit of ", kLineBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status Importer::Finish() {
  if (!rest_.empty()) {
    if (absl::Status taken = Take("\n"); !taken.ok()) return taken;
  }
  const absl::Status published = PublishEvents();
  if (counts_.tasks() + counts_.events() > 0) {
    SetPosition(partition_, runner_.committed(), *counts_.mutable_position());
  }
  return published;
}

absl::Status Importer::TakeLine(std::string_view line) {
  ++line_;
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return absl::OkStatus();
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || json.size() != 1) {
    return Wrong("is not a JSON object with one field");
  }
  const auto field = json.begin();
  const std::string& key = field.key();
  const Json& value = field.value();
  if (line_ == 1 || key == kFormatField) {
    if (key != kFormatField || !value.is_number_integer()) {
      return Wrong(
          absl::StrCat("the first line must be {\"", kFormatField, "\": ", kExportFormat, "}"));
    }
    if (value.get<std::int64_t>() == kExportFormat) return absl::OkStatus();
    return Wrong(absl::StrCat("has format ", value.get<std::int64_t>(), ", this service knows ",
                              kExportFormat));
  }
  if (key == kTemplateField) return TakeTemplate(value);
  if (key == kTaskField) return TakeTask(value);
  if (key == kEventField) return TakeEvent(value);
  return Wrong(absl::StrCat("`", key, "` is not template, task or event"));
}

absl::Status Importer::TakeTemplate(const Json& json) {
  storage::v1::TemplateRecord record;
  const auto found = json.is_object() ? json.find("record") : json.end();
  if (found == json.end()) return Wrong("template.record: is required");
  if (absl::Status read = FromJson(*found, "template.record", record); !read.ok()) return read;
  // One that is there already stays, whatever it says: tasks may run on it.
  const auto known =
      templates_.Find(Text(json, "namespace").value_or(""), Text(json, "name").value_or(""),
                      Text(json, "version").value_or("?"));
  if (known.ok()) return absl::OkStatus();
  const auto applied = templates_.Apply(record.source(), record.source_name());
  if (!applied.ok()) return applied.status();
  counts_.set_templates(counts_.templates() + (applied->created ? 1 : 0));
  return absl::OkStatus();
}

absl::Status Importer::TakeTask(const Json& json) {
  absl::StatusOr<AdoptedTask> task = ReadTask(json);
  if (!task.ok()) return task.status();
  const std::string id(task->stored.id.bytes());
  absl::Status adopted =
      AwaitAnswer([&](Completion done) { runner_.Adopt(*std::move(task), std::move(done)); });
  if (absl::IsAlreadyExists(adopted)) {
    counts_.set_tasks_skipped(counts_.tasks_skipped() + 1);
    return absl::OkStatus();
  }
  if (absl::IsDataLoss(adopted)) return Wrong(std::string(adopted.message()));
  if (!adopted.ok()) return adopted;
  added_.insert(id);
  counts_.set_tasks(counts_.tasks() + 1);
  return absl::OkStatus();
}

absl::StatusOr<AdoptedTask> Importer::ReadTask(const Json& json) {
  if (!json.is_object()) return Wrong("task: must be an object");
  const auto id = engine::TaskId::Parse(Text(json, "task_id").value_or(""));
  if (!id) return Wrong("task.task_id: must be a UUID");
  AdoptedTask task;
  engine::StoredTask& stored = task.stored;
  stored.id = *id;
  const auto record = json.find("record");
  if (record == json.end()) return Wrong("task.record: is required");
  if (absl::Status read = FromJson(*record, "task.record", stored.record); !read.ok()) return read;
  stored.task_template = templates_.Compiled(
      {stored.record.namespace_(), stored.record.name(), stored.record.version()});
  if (stored.task_template == nullptr) {
    return Wrong(absl::StrCat("task.record: there is no template ", stored.record.namespace_(), ".",
                              stored.record.name(), "@", stored.record.version()));
  }
  std::string context = Text(json, "context").value_or("");
  if (absl::Status checked =
          CheckJson(context, JsonKind::kObject, payload_bytes_max_, "task.context");
      !checked.ok()) {
    return checked;
  }
  stored.context = engine::MakePayload(std::move(context));
  if (absl::Status steps = ReadSteps(json, payload_bytes_max_, task); !steps.ok()) return steps;
  if (absl::Status history = ReadHistory(json, task); !history.ok()) return history;
  if (absl::Status header = AddHeaderRows(partition_, task); !header.ok()) return header;
  return task;
}

absl::Status Importer::TakeEvent(const Json& json) {
  storage::v1::EventRecord event;
  if (absl::Status read = FromJson(json, "event", event); !read.ok()) return read;
  if (event.name().empty() || !added_.contains(event.task_id())) return absl::OkStatus();
  events_.push_back(std::move(event));
  return events_.size() < kEventsPerCommit ? absl::OkStatus() : PublishEvents();
}

absl::Status Importer::PublishEvents() {
  if (events_.empty()) return absl::OkStatus();
  const std::size_t count = events_.size();
  absl::Status published = AwaitAnswer(
      [&](Completion done) { runner_.Publish(std::exchange(events_, {}), std::move(done)); });
  if (published.ok()) counts_.set_events(counts_.events() + count);
  return published;
}

}  // namespace tasker::service

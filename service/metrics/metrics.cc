#include "service/metrics/metrics.h"

#include <initializer_list>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "engine/events/event_names.h"
#include "service/metrics/metric_family.h"

namespace tasker::service {
namespace {

namespace names = engine::event_names;
using storage::v1::EventRecord;

// From a tenth of a millisecond to an hour.
const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5,    1,      2.5,   5,      10,    30,   60,    300,  900, 3600};

// What is told apart. A step's series take some kilobytes together.
constexpr std::size_t kTasksMax = 10'000;
constexpr std::size_t kStepsMax = 10'000;
constexpr std::size_t kErrorClassesMax = 200;

std::map<std::string, std::string> With(std::map<std::string, std::string> labels, std::string name,
                                        std::string value) {
  labels.emplace(std::move(name), std::move(value));
  return labels;
}

// What a series is of, as one text.
void SetKey(std::string& key, std::initializer_list<const std::string*> parts) {
  key.clear();
  for (const std::string* part : parts) key.append(*part).push_back('\0');
}

double Seconds(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

template <typename Builder>
auto& Named(Builder builder, const char* name, const char* help, prometheus::Registry& registry) {
  return builder.Name(name).Help(help).Register(registry);
}

}  // namespace

// Values that are read when Prometheus asks.
class Metrics::Scraped final : public prometheus::Collectable {
 public:
  explicit Scraped(Sources sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    using prometheus::MetricType;
    return {OneValue("tasker_store_syncs_total", "Times the store's log was made durable.",
                     MetricType::Counter, static_cast<double>(sources_.store_syncs())),
            OneValue("tasker_open_tasks", "Tasks that have not finished.", MetricType::Gauge,
                     static_cast<double>(sources_.open_tasks())),
            OneValue("tasker_queue_depth", "Requests that wait to be applied.", MetricType::Gauge,
                     static_cast<double>(sources_.command_backlog())),
            OneValue("tasker_connected_handlers", "Handlers that are connected.", MetricType::Gauge,
                     static_cast<double>(sources_.handlers())),
            OneValue("tasker_event_subscribers", "Calls that follow events.", MetricType::Gauge,
                     static_cast<double>(sources_.subscribers())),
            OneValue("tasker_store_writable", "1, or 0 while the store cannot be written.",
                     MetricType::Gauge, sources_.store_writable() ? 1 : 0),
            OneValue("tasker_unreadable_tasks", "Open tasks left out because they cannot be read.",
                     MetricType::Gauge, static_cast<double>(sources_.unreadable_tasks())),
            OneValue("tasker_sleeping_tasks", "Open tasks that are not kept in memory.",
                     MetricType::Gauge, static_cast<double>(sources_.sleeping_tasks()))};
  }

 private:
  const Sources sources_;
};

Metrics::Metrics(Sources sources)
    : registry_(std::make_shared<prometheus::Registry>()),
      scraped_(std::make_shared<Scraped>(std::move(sources))),
      tasks_(Named(prometheus::BuildCounter(), "tasker_task_executions_total",
                   "Tasks that finished, by how.", *registry_)),
      task_seconds_(Named(prometheus::BuildHistogram(), "tasker_task_duration_seconds",
                          "From a task's creation to its end.", *registry_)),
      steps_(Named(prometheus::BuildCounter(), "tasker_step_executions_total",
                   "Attempts of steps that ended, by how.", *registry_)),
      step_seconds_(Named(prometheus::BuildHistogram(), "tasker_step_duration_seconds",
                          "From an attempt's hand-out to its end.", *registry_)),
      retries_(Named(prometheus::BuildCounter(), "tasker_step_retries_total",
                     "Attempts that failed and are tried again.", *registry_)),
      tasks_told_apart_(kTasksMax),
      steps_told_apart_(kStepsMax),
      error_classes_told_apart_(kErrorClassesMax) {}

absl::Status Metrics::Serve(const std::string& address) {
  try {
    // One thread answers scrapes; more would only take memory.
    exposer_ = std::make_unique<prometheus::Exposer>(address, 1);
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve metrics at ", address, ": ", error.what()));
  }
  exposer_->RegisterCollectable(registry_);
  exposer_->RegisterCollectable(scraped_);
  for (const auto& more : more_) exposer_->RegisterCollectable(more);
  return absl::OkStatus();
}

int Metrics::port() const {
  return exposer_ == nullptr ? 0 : exposer_->GetListeningPorts().front();
}

void Metrics::Observe(const storage::v1::EventBatchRecord& events) {
  for (const EventRecord& event : events.events()) ObserveOne(event);
}

Metrics::Labels Metrics::TaskLabels(const EventRecord& event) {
  SetKey(key_, {&event.namespace_(), &event.task_name(), &event.version()});
  const std::string other(LabelValues::kOther);
  const bool apart = tasks_told_apart_.TellsApart(key_);
  return {{"namespace", event.namespace_()},
          {"task", apart ? event.task_name() : other},
          {"version", apart ? event.version() : other}};
}

Metrics::Labels Metrics::StepLabels(const EventRecord& event) {
  Labels labels = TaskLabels(event);
  SetKey(key_, {&event.namespace_(), &event.task_name(), &event.version(), &event.step_name()});
  const bool apart = steps_told_apart_.TellsApart(key_);
  labels.emplace("step", apart ? event.step_name() : std::string(LabelValues::kOther));
  return labels;
}

Metrics::CompletedSteps& Metrics::CompletedOf(const EventRecord& event) {
  SetKey(key_, {&event.namespace_(), &event.task_name(), &event.version(), &event.step_name()});
  if (const auto known = completed_.find(key_); known != completed_.end()) return known->second;
  const Labels labels = StepLabels(event);
  // By what it is counted under, so that those that are not told apart are found there too.
  SetKey(key_,
         {&labels.at("namespace"), &labels.at("task"), &labels.at("version"), &labels.at("step")});
  const auto [found, first] = completed_.try_emplace(key_);
  if (first) {
    found->second = {&steps_.Add(With(labels, "status", "complete")),
                     &step_seconds_.Add(labels, kSeconds)};
  }
  return found->second;
}

void Metrics::ObserveOne(const EventRecord& event) {
  const std::string& name = event.name();
  if (name == names::kStepCompleted) {
    const CompletedSteps& series = CompletedOf(event);
    series.count->Increment();
    series.seconds->Observe(Seconds(event.execution_duration_us()));
  } else if (name == names::kStepFailed) {
    Labels labels =
        With(StepLabels(event), "status", event.business() ? "business_error" : "failed");
    if (!event.error_class().empty()) {
      const bool apart = error_classes_told_apart_.TellsApart(event.error_class());
      labels.emplace("error_class", apart ? event.error_class() : std::string(LabelValues::kOther));
    }
    steps_.Add(labels).Increment();
    step_seconds_.Add(StepLabels(event), kSeconds).Observe(Seconds(event.execution_duration_us()));
  } else if (name == names::kStepBackoff) {
    retries_.Add(StepLabels(event)).Increment();
  } else if (name == names::kTaskCompleted || name == names::kTaskFailed ||
             name == names::kTaskCancelled) {
    tasks_.Add(With(TaskLabels(event), "status", name.substr(sizeof("task.") - 1))).Increment();
    task_seconds_.Add(TaskLabels(event), kSeconds).Observe(Seconds(event.total_duration_us()));
  }
}

}  // namespace tasker::service

// What Prometheus is told. Names: shared FEATURES, "metrics".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "service/metrics/label_values.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {

// Counts what events tell of, and asks for the rest when it is scraped. Observe is called by one
// thread at a time; scrapes come on Prometheus's own.
class Metrics {
 public:
  // Where the values that no event tells of come from; called on Prometheus's threads.
  struct Sources {
    std::function<std::uint64_t()> store_syncs;
    std::function<std::size_t()> open_tasks;
    std::function<std::size_t()> command_backlog;
    std::function<std::size_t()> handlers;
    std::function<std::size_t()> subscribers;
    std::function<bool()> store_writable;
    std::function<std::size_t()> unreadable_tasks;
    std::function<std::size_t()> sleeping_tasks;
  };

  explicit Metrics(Sources sources);

  // Has what `more` collects told as well. Before Serve.
  void Add(std::shared_ptr<prometheus::Collectable> more) { more_.push_back(std::move(more)); }

  // Serves /metrics at host:port. Error: UNAVAILABLE if that address cannot be had.
  absl::Status Serve(const std::string& address);

  // Ends Serve. The sources are not called any more.
  void StopServing() { exposer_.reset(); }

  // The port being served; 0: none.
  int port() const;

  // What has been counted so far. Thread-safe.
  std::vector<prometheus::MetricFamily> Collect() const { return registry_->Collect(); }

  // Counts the events of one commit.
  void Observe(const storage::v1::EventBatchRecord& events);

 private:
  class Scraped;
  using Labels = std::map<std::string, std::string>;

  // The series of a step that completed.
  struct CompletedSteps {
    prometheus::Counter* count = nullptr;
    prometheus::Histogram* seconds = nullptr;
  };

  void ObserveOne(const storage::v1::EventRecord& event);
  // Finds them without making labels: most events are of this kind.
  CompletedSteps& CompletedOf(const storage::v1::EventRecord& event);
  Labels TaskLabels(const storage::v1::EventRecord& event);
  Labels StepLabels(const storage::v1::EventRecord& event);

  const std::shared_ptr<prometheus::Registry> registry_;
  // Registered beside the registry: weak references only are kept there.
  const std::shared_ptr<Scraped> scraped_;
  std::vector<std::shared_ptr<prometheus::Collectable>> more_;
  prometheus::Family<prometheus::Counter>& tasks_;
  prometheus::Family<prometheus::Histogram>& task_seconds_;
  prometheus::Family<prometheus::Counter>& steps_;
  prometheus::Family<prometheus::Histogram>& step_seconds_;
  prometheus::Family<prometheus::Counter>& retries_;
  absl::flat_hash_map<std::string, CompletedSteps> completed_;
  // Kept for its memory.
  std::string key_;
  LabelValues tasks_told_apart_;
  LabelValues steps_told_apart_;
  LabelValues error_classes_told_apart_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace tasker::service

// What a service tells Prometheus, read as one.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tasker::bench {

// One reading of `/metrics`.
class MetricsPage {
 public:
  // From http://`address`/metrics. UNAVAILABLE: nobody answers there.
  static absl::StatusOr<MetricsPage> Fetch(const std::string& address);
  explicit MetricsPage(std::string text) : text_(std::move(text)) {}

  // The sum over all sets of labels of a metric. NOT_FOUND: there is no such metric.
  absl::StatusOr<double> Sum(std::string_view metric) const;

 private:
  std::string text_;
};

}  // namespace tasker::bench

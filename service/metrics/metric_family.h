// Metrics that are worked out when they are asked for.
#pragma once

#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

namespace tasker::service {

// Adds a value to a family of counters or gauges.
void AddValue(prometheus::MetricFamily& family, double value,
              std::vector<prometheus::ClientMetric::Label> labels = {});

// A family of one value without labels.
prometheus::MetricFamily OneValue(const char* name, const char* help, prometheus::MetricType type,
                                  double value);

}  // namespace tasker::service

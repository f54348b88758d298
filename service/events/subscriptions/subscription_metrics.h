// What Prometheus is told of named subscriptions.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "service/events/subscriptions/subscriptions.h"

namespace tasker::service {

// Asks when it is scraped. `subscriptions` must outlive the scrapes.
class SubscriptionMetrics final : public prometheus::Collectable {
 public:
  explicit SubscriptionMetrics(Subscriptions* subscriptions) : subscriptions_(*subscriptions) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  Subscriptions& subscriptions_;
};

}  // namespace tasker::service

#include "service/events/subscriptions/subscription_metrics.h"

#include <functional>
#include <utility>

#include <google/protobuf/util/time_util.h>

#include "service/metrics/metric_family.h"

namespace tasker::service {
namespace {

using prometheus::MetricType;
using Figures = Subscriptions::Figures;

double LagSeconds(const Figures& each) {
  return static_cast<double>(google::protobuf::util::TimeUtil::DurationToMicroseconds(
             each.subscription.lag_time())) /
         1e6;
}

}  // namespace

std::vector<prometheus::MetricFamily> SubscriptionMetrics::Collect() const {
  const std::vector<Figures> all = subscriptions_.List();
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](const char* name, const char* help, MetricType type,
                       const std::function<double(const Figures&)>& value) {
    prometheus::MetricFamily& family = families.emplace_back();
    family.name = name;
    family.help = help;
    family.type = type;
    for (const Figures& each : all) {
      AddValue(family, value(each), {{"subscription", each.subscription.name()}});
    }
  };
  add("tasker_subscription_lag_events",
      "Events of the log behind what is acknowledged, counted up to 1,000,000.", MetricType::Gauge,
      [](const Figures& each) { return static_cast<double>(each.subscription.lag_events()); });
  add("tasker_subscription_lag_seconds",
      "How old the first event behind what is acknowledged is; 0: there is none.",
      MetricType::Gauge, LagSeconds);
  add("tasker_subscription_unacknowledged_events", "Events that were sent and not acknowledged.",
      MetricType::Gauge, [](const Figures& each) {
        return static_cast<double>(each.subscription.unacknowledged_events());
      });
  add("tasker_subscription_consumers", "Consumers that are connected.", MetricType::Gauge,
      [](const Figures& each) { return static_cast<double>(each.subscription.consumers_size()); });
  add("tasker_subscription_blocked",
      "1 while retention has removed events behind what is acknowledged, else 0.",
      MetricType::Gauge,
      [](const Figures& each) { return each.subscription.blocked().empty() ? 0 : 1; });
  add("tasker_subscription_redelivered_total", "Events that were sent more than once.",
      MetricType::Counter, [](const Figures& each) {
        return static_cast<double>(each.subscription.redelivered_events());
      });
  add("tasker_subscription_overtaken_total",
      "Times that retention removed events behind what is acknowledged.", MetricType::Counter,
      [](const Figures& each) { return static_cast<double>(each.overtaken); });
  return families;
}

}  // namespace tasker::service

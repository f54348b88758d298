// HTTP POST of CloudEvents, signed.
#pragma once

#include <atomic>
#include <memory>

#include "clients/sinks/target.h"
#include "config/sinks/sink_settings.h"
#include "tasker/http/http_client.h"

namespace tasker::sinks {

// Structured mode, `application/cloudevents+json`, or with `batch` over 1 batched mode. Headers:
// `webhook-id` (the event's id; of a batch one that follows from its events' ids, so that the same
// batch has the same), `webhook-timestamp`, and with a secret `webhook-signature`.
//
// 2xx is delivery. 408, 425, 429 and 5xx, and no answer at all, may pass; every other status is
// final, redirects among them, which are not followed. `Retry-After` is passed on.
//
// The addresses are the settings' own, so none is denied; proxies of the environment are used.
class WebhookTarget : public Target {
 public:
  explicit WebhookTarget(config::WebhookSettings settings);

  TargetLimits limits() const override;
  std::vector<Outcome> Send(std::span<const CloudEvent* const> events) override;
  void Stop() override { stopped_ = true; }
  std::string description() const override;

 private:
  Outcome Post(std::span<const CloudEvent* const> events);

  const config::WebhookSettings settings_;
  http::HttpClient http_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace tasker::sinks

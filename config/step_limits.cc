#include "config/step_limits.h"

#include "config/template_keys.h"

namespace tasker::config {
namespace {

constexpr std::uint32_t kRetryLimitMax = 1'000'000;
constexpr double kFactorMax = 100;

void ReadCurve(const YamlFields& retry, LimitDefaults& limits) {
  engine::RetryCurve curve =
      limits.retry_curve == nullptr ? engine::RetryCurve() : *limits.retry_curve;
  bool set = false;
  const auto take = [&set](auto value, auto& into) {
    if (!value) return;
    into = *value;
    set = true;
  };
  if (retry.Has("base") || retry.Has("factor")) {
    if (retry.Has("backoff_seconds") || retry.Has("backoff_multiplier")) {
      retry.Error("base", "cannot stand beside `backoff_seconds` or `backoff_multiplier`");
    }
    engine::RetryCurve::Exponential plain =
        curve.exponential.value_or(engine::RetryCurve::Exponential());
    take(retry.Span("base"), plain.base);
    take(retry.Number("factor", 1, kFactorMax), plain.factor);
    curve.exponential = plain;
  }
  if (retry.Has("backoff_seconds")) {
    take(std::optional(retry.SpanList("backoff_seconds")), curve.backoff);
    curve.exponential.reset();
  }
  take(retry.Number("backoff_multiplier", 1, kFactorMax), curve.multiplier);
  take(retry.Span("cap"), curve.delay_max);
  take(retry.Span("max_backoff_seconds"), curve.delay_max);
  take(retry.Number("jitter", 0, 1), curve.jitter);
  take(retry.Number("jitter_max_percentage", 0, 1), curve.jitter);
  if (const auto enabled = retry.Flag("jitter_enabled")) {
    set = true;
    if (!*enabled) curve.jitter = 0;
  }
  if (set) limits.retry_curve = std::make_shared<const engine::RetryCurve>(std::move(curve));
}

}  // namespace

LimitDefaults ReadLimits(const YamlFields& fields, const LimitDefaults& defaults) {
  LimitDefaults limits = defaults;
  fields.WithMap("retry", [&](const YamlFields& retry) {
    retry.TellUnknown(kRetryKeys);
    ReadCurve(retry, limits);
    if (const auto limit = retry.Count("limit", kRetryLimitMax)) limits.retry_limit = limit;
    if (retry.Has("non_retryable")) limits.non_retryable = retry.TextList("non_retryable");
  });
  fields.WithMap("timeouts", [&](const YamlFields& timeouts) {
    timeouts.TellUnknown(kTimeoutKeys);
    const auto take = [&](std::string_view key, engine::Duration& into) {
      if (const auto span = timeouts.Span(key)) into = *span;
    };
    take("schedule_to_start", limits.timeouts.schedule_to_start);
    take("start_to_close", limits.timeouts.start_to_close);
    take("heartbeat", limits.timeouts.heartbeat);
  });
  return limits;
}

}  // namespace tasker::config

// A sink with a fake service, as a test wants it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clients/cpp/src/service_channel.h"
#include "clients/sinks/sink.h"
#include "clients/sinks/sink_metrics.h"
#include "clients/sinks/target.h"
#include "config/sinks/sinks_reader.h"
#include "tests/sinks/fake_event_service.h"

namespace tasker::sinks {

inline TimePoint Patiently() { return std::chrono::steady_clock::now() + std::chrono::seconds(60); }

// Settings from YAML, without the list around them. Throws what is wrong with them.
inline config::SinkSettings SinkOf(const std::string& yaml) {
  config::LoadedSinks loaded =
      config::LoadSinks("sinks: [" + yaml + "]", "test", config::EnvironmentVariables());
  if (HasErrors(loaded.diagnostics)) throw std::runtime_error(ToString(loaded.diagnostics));
  return loaded.sinks.at(0);
}

// A sink that runs. The service must outlive it.
class RunningSink {
 public:
  RunningSink(const FakeEventService& service, const config::SinkSettings& settings,
              std::unique_ptr<Target> target = nullptr)
      : series(metrics.Of(settings.name)) {
    if (target == nullptr) {
      auto opened = OpenTarget(settings);
      if (!opened.ok()) throw std::runtime_error(std::string(opened.status().message()));
      target = *std::move(opened);
    }
    sink.emplace(settings, std::move(target),
                 std::make_unique<client::ServiceChannel>(service.address(), nullptr, std::nullopt,
                                                          client::TokenSource()),
                 "test", series);
  }

  // In good order.
  bool Stop() {
    sink->BeginStop();
    return sink->AwaitStopped(Patiently());
  }

  Metrics metrics;
  SinkMetrics series;
  std::optional<Sink> sink;
};

}  // namespace tasker::sinks

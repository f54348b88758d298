#include "clients/sinks/kafka_target.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include <librdkafka/rdkafka.h>

#include "clients/sinks/sink_log.h"

namespace tasker::sinks {
namespace {

constexpr std::size_t kBatch = 500;
// How long the library is asked at once what has come.
constexpr int kPollMs = 100;

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

// One event on its way: what its report says goes here.
struct Report {
  Outcome outcome;
  bool has_come = false;
};

Outcome OutcomeOf(rd_kafka_resp_err_t error) {
  const std::string text = rd_kafka_err2str(error);
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return Outcome::Delivered();
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return Outcome::Refused(text);
    default:
      return Outcome::Failed(text);
  }
}

void OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto& report = *static_cast<Report*>(message->_private);
  report.outcome = OutcomeOf(message->err);
  report.has_come = true;
}

void OnLog(const rd_kafka_t*, int level, const char* facility, const char* text) {
  // As syslog's: 3 is an error, 4 a warning.
  const LogLevel at = level <= 3   ? LogLevel::kError
                      : level <= 4 ? LogLevel::kWarning
                                   : LogLevel::kDebug;
  Log(at, "librdkafka", {{"facility", facility}, {"text", text}});
}

absl::Status Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> error = {};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()) !=
      RD_KAFKA_CONF_OK) {
    return absl::InvalidArgumentError(error.data());
  }
  return absl::OkStatus();
}

absl::StatusOr<Conf> ConfOf(const config::KafkaSettings& settings) {
  Conf conf(rd_kafka_conf_new());
  const std::pair<std::string, std::string> defaults[] = {
      {"client.id", "tasker-sinks"},
      {"bootstrap.servers", absl::StrJoin(settings.brokers, ",")},
      {"enable.idempotence", "true"},
      {"message.timeout.ms", std::to_string(settings.timeout.count())},
  };
  for (const auto& [name, value] : defaults) {
    if (absl::Status set = Set(conf.get(), name, value); !set.ok()) return set;
  }
  for (const config::KafkaProperty& property : settings.properties) {
    if (absl::Status set = Set(conf.get(), property.name, property.value); !set.ok()) return set;
  }
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnReport);
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  return conf;
}

}  // namespace

struct KafkaTarget::Producer {
  explicit Producer(rd_kafka_t* value) : handle(value) {}
  ~Producer() {
    // Reports point into calls of Send, which have waited for all of theirs.
    rd_kafka_destroy(handle);
  }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  rd_kafka_t* const handle;
};

KafkaTarget::KafkaTarget(config::KafkaSettings settings) : settings_(std::move(settings)) {}

KafkaTarget::~KafkaTarget() = default;

absl::StatusOr<std::unique_ptr<Target>> KafkaTarget::Open(const config::KafkaSettings& settings) {
  std::unique_ptr<KafkaTarget> target(new KafkaTarget(settings));
  if (const auto ready = target->Ready(); !ready.ok()) return ready.status();
  return target;
}

absl::StatusOr<KafkaTarget::Producer*> KafkaTarget::Ready() {
  std::array<char, 512> error = {};
  if (producer_ != nullptr && rd_kafka_fatal_error(producer_->handle, error.data(), error.size()) !=
                                  RD_KAFKA_RESP_ERR_NO_ERROR) {
    Log(LogLevel::kWarning, "the producer is made anew", {{"error", error.data()}});
    producer_.reset();
  }
  if (producer_ != nullptr) return producer_.get();
  absl::StatusOr<Conf> conf = ConfOf(settings_);
  if (!conf.ok()) return conf.status();
  rd_kafka_t* const handle =
      rd_kafka_new(RD_KAFKA_PRODUCER, conf->get(), error.data(), error.size());
  if (handle == nullptr) return absl::InvalidArgumentError(error.data());
  // The producer's from now on.
  static_cast<void>(conf->release());
  producer_ = std::make_unique<Producer>(handle);
  return producer_.get();
}

TargetLimits KafkaTarget::limits() const {
  // Each event has a report of its own, so a batch never has two of a task: the second could be
  // written though the first was not.
  return {1, kBatch, false};
}

std::string KafkaTarget::description() const {
  return absl::StrCat("kafka ", absl::StrJoin(settings_.brokers, ","), " ", settings_.topic);
}

std::vector<Outcome> KafkaTarget::Send(std::span<const CloudEvent* const> events) {
  const absl::StatusOr<Producer*> ready = Ready();
  if (!ready.ok()) {
    return AllOf(events.size(), Outcome::Failed(std::string(ready.status().message())));
  }
  rd_kafka_t* const handle = (*ready)->handle;
  std::vector<Report> reports(events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    const CloudEvent& event = *events[i];
    const void* const key = event.task_id.empty() ? nullptr : event.task_id.data();
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        handle, RD_KAFKA_V_TOPIC(settings_.topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(key, event.task_id.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(event.json.data()), event.json.size()),
        RD_KAFKA_V_HEADER("content-type", kMediaType.data(),
                          static_cast<ssize_t>(kMediaType.size())),
        RD_KAFKA_V_OPAQUE(&reports[i]), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    reports[i] = {OutcomeOf(error), true};
  }
  const auto are_open = [&] {
    return std::ranges::any_of(reports, [](const Report& report) { return !report.has_come; });
  };
  bool purged = false;
  while (are_open()) {
    rd_kafka_poll(handle, kPollMs);
    if (stopped_ && !purged) {
      // Then reports come of all that was not written yet.
      rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
      purged = true;
    }
  }
  std::vector<Outcome> outcomes;
  outcomes.reserve(reports.size());
  for (Report& report : reports) outcomes.push_back(std::move(report.outcome));
  return outcomes;
}

std::string KafkaTarget::Complaint(const config::KafkaProperty& property) {
  const Conf conf(rd_kafka_conf_new());
  const absl::Status set = Set(conf.get(), property.name, property.value);
  return set.ok() ? "" : std::string(set.message());
}

}  // namespace tasker::sinks

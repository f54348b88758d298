#include "clients/sinks/nats_target.h"

#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <nats/nats.h>

#include "clients/sinks/nats_subject.h"

namespace tasker::sinks {
namespace {

constexpr std::size_t kBatch = 256;
constexpr std::int64_t kConnectMs = 5'000;
constexpr std::int64_t kReconnectMs = 1'000;
constexpr char kIdHeader[] = "Nats-Msg-Id";

struct OptionsDeleter {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
struct MessageDeleter {
  void operator()(natsMsg* message) const { natsMsg_Destroy(message); }
};
struct StatisticsDeleter {
  void operator()(natsStatistics* statistics) const { natsStatistics_Destroy(statistics); }
};
using Options = std::unique_ptr<natsOptions, OptionsDeleter>;
using Message = std::unique_ptr<natsMsg, MessageDeleter>;

// With what the library knows beyond the status, if it is of this thread's last call.
std::string TextOf(natsStatus status) {
  std::string text = natsStatus_GetText(status);
  natsStatus last = NATS_OK;
  const char* const detail = nats_GetLastError(&last);
  if (detail != nullptr && last == status && *detail != '\0') absl::StrAppend(&text, ": ", detail);
  return text;
}

Outcome OutcomeOf(natsStatus status, const char* detail = nullptr) {
  if (status == NATS_OK) return Outcome::Delivered();
  std::string text = detail != nullptr ? detail : TextOf(status);
  if (status == NATS_NO_RESPONDERS) text += " (no stream takes this subject)";
  // Neither shrinks.
  if (status == NATS_MAX_PAYLOAD || status == NATS_INVALID_SUBJECT) {
    return Outcome::Refused(std::move(text));
  }
  return Outcome::Failed(std::move(text));
}

// The first status that is not NATS_OK.
natsStatus SetOptions(natsOptions* options, const config::NatsSettings& settings) {
  std::vector<const char*> servers;
  for (const std::string& server : settings.servers) servers.push_back(server.c_str());
  natsStatus status =
      natsOptions_SetServers(options, servers.data(), static_cast<int>(servers.size()));
  const auto next = [&status](natsStatus each) {
    if (status == NATS_OK) status = each;
  };
  next(natsOptions_SetName(options, "tasker-sinks"));
  next(natsOptions_SetTimeout(options, kConnectMs));
  next(natsOptions_SetMaxReconnect(options, -1));
  next(natsOptions_SetReconnectWait(options, kReconnectMs));
  next(natsOptions_SetRetryOnFailedConnect(options, false, nullptr, nullptr));
  if (!settings.credentials_file.empty()) {
    next(natsOptions_SetUserCredentialsFromFiles(options, settings.credentials_file.c_str(),
                                                 nullptr));
  }
  if (!settings.user.empty()) {
    next(natsOptions_SetUserInfo(options, settings.user.c_str(), settings.password.c_str()));
  }
  if (!settings.token.empty()) next(natsOptions_SetToken(options, settings.token.c_str()));
  if (!settings.ca_file.empty() || !settings.certificate_file.empty()) {
    next(natsOptions_SetSecure(options, true));
  }
  if (!settings.ca_file.empty()) {
    next(natsOptions_LoadCATrustedCertificates(options, settings.ca_file.c_str()));
  }
  if (!settings.certificate_file.empty()) {
    next(natsOptions_LoadCertificatesChain(options, settings.certificate_file.c_str(),
                                           settings.key_file.c_str()));
  }
  return status;
}

// Null, with the status: it cannot be made.
Message MessageOf(const CloudEvent& event, const std::string& pattern, bool has_headers,
                  natsStatus& status) {
  natsMsg* made = nullptr;
  status = natsMsg_Create(&made, NatsSubject(pattern, event).c_str(), nullptr, event.json.data(),
                          static_cast<int>(event.json.size()));
  Message message(made);
  if (status == NATS_OK && has_headers) {
    status = natsMsgHeader_Set(made, "Content-Type", std::string(kMediaType).c_str());
    if (status == NATS_OK) status = natsMsgHeader_Set(made, kIdHeader, event.id.c_str());
  }
  return message;
}

std::uint64_t ReconnectsOf(natsConnection* connection) {
  natsStatistics* made = nullptr;
  if (natsStatistics_Create(&made) != NATS_OK) return 0;
  const std::unique_ptr<natsStatistics, StatisticsDeleter> statistics(made);
  std::uint64_t reconnects = 0;
  natsConnection_GetStats(connection, made);
  natsStatistics_GetCounts(made, nullptr, nullptr, nullptr, nullptr, &reconnects);
  return reconnects;
}

}  // namespace

struct NatsTarget::Connection {
  ~Connection() {
    if (nats != nullptr) natsConnection_Close(nats);
    if (jetstream != nullptr) jsCtx_Destroy(jetstream);
    if (nats != nullptr) natsConnection_Destroy(nats);
  }

  natsConnection* nats = nullptr;
  jsCtx* jetstream = nullptr;
};

// What streams say of the events that Send waits for. Thread-safe.
class NatsTarget::Answers {
 public:
  static Answers& Make() {
    static std::mutex mutex;
    static std::deque<Answers> all;
    const std::lock_guard lock(mutex);
    return all.emplace_back();
  }

  void Begin(std::span<const CloudEvent* const> events) {
    absl::MutexLock lock(&mutex_);
    answers_.clear();
    for (const CloudEvent* event : events) answers_[event->id] = std::nullopt;
    open_ = answers_.size();
  }

  void Note(const std::string& id, Outcome outcome) {
    absl::MutexLock lock(&mutex_);
    const auto found = answers_.find(id);
    if (found == answers_.end() || found->second) return;
    found->second = std::move(outcome);
    if (--open_ == 0) changed_.SignalAll();
  }

  // Waits for all, until then or Stop.
  std::vector<Outcome> Await(std::span<const CloudEvent* const> events, absl::Time until) {
    std::vector<Outcome> outcomes;
    absl::MutexLock lock(&mutex_);
    while (open_ > 0 && !stopped_) {
      if (changed_.WaitWithDeadline(&mutex_, until)) break;
    }
    for (const CloudEvent* event : events) {
      outcomes.push_back(answers_.at(event->id).value_or(
          Outcome::Failed("no stream has acknowledged it in time")));
    }
    return outcomes;
  }

  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  bool stopped() {
    absl::MutexLock lock(&mutex_);
    return stopped_;
  }

 private:
  absl::Mutex mutex_;
  absl::CondVar changed_;
  absl::flat_hash_map<std::string, std::optional<Outcome>> answers_ ABSL_GUARDED_BY(mutex_);
  std::size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

NatsTarget::NatsTarget(config::NatsSettings settings)
    : settings_(std::move(settings)), answers_(Answers::Make()) {}

NatsTarget::~NatsTarget() = default;

TargetLimits NatsTarget::limits() const {
  // A stream acknowledges each event by itself, so a batch never has two of a task: the second
  // could be stored though the first was not.
  return {1, kBatch, !settings_.jetstream};
}

std::string NatsTarget::description() const {
  std::vector<std::string> servers;
  for (const std::string& server : settings_.servers) {
    // Without a user's name and password.
    const std::size_t at = server.rfind('@');
    const std::size_t scheme = server.find("://");
    const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
    servers.push_back(at == std::string::npos || at < host
                          ? server
                          : server.substr(0, host) + server.substr(at + 1));
  }
  return absl::StrCat("nats ", absl::StrJoin(servers, ","), " ", settings_.subject);
}

void NatsTarget::Stop() { answers_.Stop(); }

absl::Status NatsTarget::Connect() {
  if (connection_ != nullptr) {
    const natsConnStatus status = natsConnection_Status(connection_->nats);
    if (status == NATS_CONN_STATUS_CONNECTED) return absl::OkStatus();
    // It comes back by itself, unless it was closed for good, as after a refused login.
    if (status != NATS_CONN_STATUS_CLOSED) {
      return absl::UnavailableError("the connection is lost, and is being made anew");
    }
    connection_.reset();
  }
  natsOptions* made = nullptr;
  natsStatus status = natsOptions_Create(&made);
  const Options options(made);
  if (status == NATS_OK) status = SetOptions(made, settings_);
  auto connection = std::make_unique<Connection>();
  if (status == NATS_OK) status = natsConnection_Connect(&connection->nats, made);
  if (status == NATS_OK && settings_.jetstream) {
    jsOptions js;
    jsOptions_Init(&js);
    js.PublishAsync.MaxPending = static_cast<std::int64_t>(kBatch);
    js.PublishAsync.AckHandlerClosure = &answers_;
    js.PublishAsync.AckHandler = [](jsCtx*, natsMsg* published, jsPubAck*, jsPubAckErr* error,
                                    void* closure) {
      const Message message(published);
      const char* id = nullptr;
      if (natsMsgHeader_Get(published, kIdHeader, &id) != NATS_OK) return;
      static_cast<Answers*>(closure)->Note(
          id, error == nullptr ? Outcome::Delivered() : OutcomeOf(error->Err, error->ErrText));
    };
    status = natsConnection_JetStream(&connection->jetstream, connection->nats, &js);
  }
  if (status != NATS_OK) return absl::UnavailableError(TextOf(status));
  connection_ = std::move(connection);
  return absl::OkStatus();
}

std::vector<Outcome> NatsTarget::Send(std::span<const CloudEvent* const> events) {
  if (answers_.stopped()) return AllOf(events.size(), Outcome::Failed("the program ends"));
  if (const absl::Status connected = Connect(); !connected.ok()) {
    return AllOf(events.size(), Outcome::Failed(std::string(connected.message())));
  }
  return settings_.jetstream ? PublishToStream(events) : PublishAndFlush(events);
}

std::vector<Outcome> NatsTarget::PublishToStream(std::span<const CloudEvent* const> events) {
  answers_.Begin(events);
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MaxWait = settings_.timeout.count();
  for (const CloudEvent* event : events) {
    natsStatus status = NATS_OK;
    Message message = MessageOf(*event, settings_.subject, true, status);
    if (status == NATS_OK) {
      natsMsg* raw = message.release();
      status = js_PublishMsgAsync(connection_->jetstream, &raw, &options);
      // The library's, unless it did not take it.
      message.reset(raw);
    }
    if (status != NATS_OK) answers_.Note(event->id, OutcomeOf(status));
  }
  // The library tells of each when its time is over; this is for the case that it does not.
  return answers_.Await(events,
                        absl::Now() + absl::FromChrono(settings_.timeout) + absl::Seconds(5));
}

std::vector<Outcome> NatsTarget::PublishAndFlush(std::span<const CloudEvent* const> events) {
  natsConnection* const nats = connection_->nats;
  const std::uint64_t reconnects = ReconnectsOf(nats);
  const bool has_headers = natsConnection_HasHeaderSupport(nats) == NATS_OK;
  for (const CloudEvent* event : events) {
    natsStatus status = NATS_OK;
    const Message message = MessageOf(*event, settings_.subject, has_headers, status);
    if (status == NATS_OK) status = natsConnection_PublishMsg(nats, message.get());
    if (status != NATS_OK) return AllOf(events.size(), OutcomeOf(status));
  }
  const natsStatus flushed = natsConnection_FlushTimeout(nats, settings_.timeout.count());
  if (flushed != NATS_OK) return AllOf(events.size(), OutcomeOf(flushed));
  // Then the ping may have gone over another connection than the events.
  if (ReconnectsOf(nats) != reconnects) {
    return AllOf(events.size(), Outcome::Failed("the connection was made anew meanwhile"));
  }
  return AllOf(events.size(), Outcome::Delivered());
}

}  // namespace tasker::sinks

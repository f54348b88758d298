#include "service/handlers/handler_stream.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include <google/protobuf/util/time_util.h>

#include "config/utf8.h"
#include "engine/model/error_classes.h"
#include "service/handlers/assignment_view.h"
#include "service/handlers/protocol_features.h"
#include "service/handlers/register_check.h"
#include "service/handlers/result_check.h"
#include "service/payloads/json_check.h"
#include "service/pipeline/clock.h"
#include "service/security/server_security.h"
#include "service/server/grpc_status.h"

namespace tasker::service {
namespace {

using google::protobuf::util::TimeUtil;

// What a part costs beside its payloads, about.
constexpr std::size_t kPartBytes = 256;

// A message up to this long is kept to be filled anew, its memory with it.
constexpr std::size_t kSpareBytesMax = 256u << 10;

engine::Progress ProgressOf(v1::Progress& told, std::size_t message_bytes_max) {
  engine::Progress progress{std::nullopt, std::move(*told.mutable_message())};
  if (told.has_fraction() && !std::isnan(told.fraction())) {
    progress.fraction = std::clamp(told.fraction(), 0.0, 1.0);
  }
  if (progress.message.size() > message_bytes_max) {
    progress.message.resize(config::CharacterStart(progress.message, message_bytes_max));
  }
  return progress;
}

v1::AcknowledgementOutcome OutcomeOf(engine::ResultOutcome outcome) {
  switch (outcome) {
    case engine::ResultOutcome::kApplied:
      return v1::ACKNOWLEDGEMENT_OUTCOME_APPLIED;
    case engine::ResultOutcome::kAlreadyApplied:
      return v1::ACKNOWLEDGEMENT_OUTCOME_ALREADY_APPLIED;
    case engine::ResultOutcome::kStale:
    case engine::ResultOutcome::kNotOpen:
      return v1::ACKNOWLEDGEMENT_OUTCOME_STALE;
  }
  return v1::ACKNOWLEDGEMENT_OUTCOME_STALE;
}

std::size_t BytesOf(const engine::Assignment& assignment) {
  std::size_t bytes = kPartBytes + engine::View(assignment.context).size();
  for (const auto& dependency : assignment.dependencies) {
    bytes += kPartBytes + engine::View(dependency.results).size();
  }
  return bytes;
}

}  // namespace

HandlerStream* HandlerStream::Begin(grpc::CallbackServerContext* context,
                                    const StreamLimits* limits, PartitionRunner* runner,
                                    HandlerSessions* sessions, TaskHandlerClasses* task_handlers,
                                    RefusedRegistrations* refused, AccessTokens* tokens) {
  std::string token;
  const auto found = context->client_metadata().find("authorization");
  if (found != context->client_metadata().end()) {
    token = BearerToken({found->second.data(), found->second.size()});
  }
  auto stream = std::make_shared<HandlerStream>(context->peer(), limits, runner, sessions,
                                                task_handlers, refused, tokens, std::move(token));
  {
    absl::MutexLock lock(&stream->mutex_);
    stream->self_ = stream;
  }
  stream->StartRead(&stream->request_);
  return stream.get();
}

HandlerStream::HandlerStream(std::string peer, const StreamLimits* limits, PartitionRunner* runner,
                             HandlerSessions* sessions, TaskHandlerClasses* task_handlers,
                             RefusedRegistrations* refused, AccessTokens* tokens, std::string token)
    : peer_(std::move(peer)),
      limits_(*limits),
      runner_(*runner),
      sessions_(*sessions),
      task_handlers_(*task_handlers),
      refused_(*refused),
      tokens_(tokens),
      session_(sessions->NewSession()),
      token_(std::move(token)) {}

void HandlerStream::OnReadDone(bool ok) {
  if (!ok) {
    FinishOnce(grpc::Status::OK);
    return;
  }
  if (registered_ ? CheckToken() && TakeWork() : TakeRegister()) ReadOn();
}

bool HandlerStream::CheckToken() {
  if (tokens_ == nullptr) return true;
  if (!request_.access_token().empty()) token_ = std::move(*request_.mutable_access_token());
  if (tokens_->NameOf(token_)) return true;
  FinishOnce({grpc::StatusCode::UNAUTHENTICATED,
              "the access token is not valid any more: connect again with another, or send one in "
              "`access_token` in time"});
  return false;
}

bool HandlerStream::TakeRegister() {
  absl::StatusOr<engine::RegisterHandler> command = CheckRegister(request_, session_);
  if (!command.ok()) {
    // Whoever has come as far as this may connect.
    refused_.Add(request_.register_(), command.status(), ReadClock());
    FinishOnce(ToGrpc(command.status()));
    return false;
  }
  registered_ = true;
  std::vector<std::string> task_classes;
  for (const v1::HandlerClass& each : request_.register_().task_handler_classes()) {
    task_classes.push_back(each.handler_class());
  }
  // Durable before the answer is: from then on every new task is initialised.
  task_handlers_.Add(task_classes);
  std::shared_ptr<HandlerStream> self;
  {
    absl::MutexLock lock(&mutex_);
    self = self_;
    v1::ConnectedHandler& description = description_.emplace();
    v1::Register& asked = *request_.mutable_register_();
    description.set_name(asked.name());
    description.set_instance_id(asked.instance_id());
    description.set_sdk_name(asked.sdk_name());
    description.set_sdk_version(asked.sdk_version());
    description.set_peer(peer_);
    description.set_concurrency(asked.concurrency());
    description.mutable_handler_classes()->Swap(asked.mutable_handler_classes());
    description.mutable_labels()->swap(*asked.mutable_labels());
    description.mutable_task_handler_classes()->Swap(asked.mutable_task_handler_classes());
    for (const v1::ProtocolFeature feature : kProtocolFeatures) {
      if (std::ranges::find(asked.features(), feature) != asked.features().end()) {
        description.add_features(feature);
      }
    }
    *description.mutable_connected_at() =
        TimeUtil::MicrosecondsToTimestamp(ReadClock().time_since_epoch().count());
  }
  if (const auto older = sessions_.Add(self, command->instance_id)) {
    older->FinishOnce(
        {grpc::StatusCode::ABORTED, "superseded: the same instance_id has connected anew"});
  }
  std::vector<engine::Command> commands;
  commands.push_back(*std::move(command));
  SubmitFrame(std::move(commands));
  return true;
}

bool HandlerStream::TakeWork() {
  if (request_.has_register_()) {
    FinishOnce({grpc::StatusCode::INVALID_ARGUMENT,
                "register: only the first message of the stream may have it"});
    return false;
  }
  std::vector<engine::Command> commands;
  for (int i = 0; i < request_.results_size(); ++i) {
    if (!TakeOneResult(*request_.mutable_results(i), i, commands)) return false;
  }
  TakeSignsOfLife(commands);
  if (request_.has_drain()) {
    commands.push_back(engine::DrainHandler{session_, true});
    absl::MutexLock lock(&mutex_);
    description_->set_draining(true);
  }
  if (request_.has_credits()) {
    commands.push_back(engine::GrantCredits{session_, request_.credits()});
  }
  if (!commands.empty()) SubmitFrame(std::move(commands));
  // Acknowledgements of tokens that nobody ever gave out.
  Flush();
  return true;
}

void HandlerStream::TakeSignsOfLife(std::vector<engine::Command>& commands) {
  const auto decode = [](const auto& from, std::vector<engine::AttemptToken>& tokens) {
    for (const std::string& bytes : from) {
      if (const auto token = engine::AttemptToken::Decode(bytes)) tokens.push_back(*token);
    }
  };
  if (request_.confirmed_tokens_size() > 0) {
    engine::ConfirmAttempts confirm{session_, {}};
    decode(request_.confirmed_tokens(), confirm.tokens);
    commands.push_back(std::move(confirm));
  }
  v1::Heartbeat& heartbeat = *request_.mutable_heartbeat();
  if (heartbeat.tokens_size() + heartbeat.checkpoints_size() + heartbeat.progress_size() == 0) {
    return;
  }
  engine::RenewLeases renew{session_, {}};
  decode(heartbeat.tokens(), renew.tokens);
  for (v1::Checkpoint& checkpoint : *heartbeat.mutable_checkpoints()) {
    const auto token = engine::AttemptToken::Decode(checkpoint.token());
    if (!token) continue;
    const absl::Status checked = CheckJson(checkpoint.checkpoint(), JsonKind::kAny,
                                           limits_.checkpoint_bytes_max, "checkpoint");
    if (checked.ok()) {
      renew.checkpoints.push_back(
          {*token, engine::MakePayload(std::move(*checkpoint.mutable_checkpoint()))});
    } else {
      // To leave it out in silence would let the next attempt begin at the wrong place.
      commands.push_back(
          engine::FailAttempt{session_, *token, FailureOf({engine::kInvalidCheckpoint, checked})});
    }
  }
  for (v1::Progress& told : *heartbeat.mutable_progress()) {
    const auto token = engine::AttemptToken::Decode(told.token());
    if (!token) continue;
    renew.progress.emplace_back(*token, ProgressOf(told, limits_.progress_bytes_max));
  }
  commands.push_back(std::move(renew));
}

bool HandlerStream::TakeOneResult(v1::StepResult& result, int place,
                                  std::vector<engine::Command>& commands) {
  const auto token = engine::AttemptToken::Decode(result.token());
  if (!token) {
    AddAcknowledgement(result.token(), engine::ResultOutcome::kStale, std::nullopt);
    return true;
  }
  if (result.outcome_case() == v1::StepResult::OUTCOME_NOT_SET) {
    FinishOnce({grpc::StatusCode::INVALID_ARGUMENT,
                absl::StrCat("results[", place,
                             "]: one of `success`, `failure` and `deferred` must be set")});
    return false;
  }
  std::variant<TakenResult, ResultFault> checked = TakeResult(result, limits_);
  if (const auto* fault = std::get_if<ResultFault>(&checked)) {
    commands.push_back(engine::FailAttempt{session_, *token, FailureOf(*fault)});
    return true;
  }
  auto& [outcome, events] = std::get<TakenResult>(checked);
  if (auto* results = std::get_if<engine::Payload>(&outcome)) {
    commands.push_back(
        engine::CompleteAttempt{session_, *token, std::move(*results), std::move(events)});
  } else if (auto* failure = std::get_if<v1::Failure>(&outcome)) {
    commands.push_back(
        engine::FailAttempt{session_, *token, std::move(*failure), std::move(events)});
  } else {
    commands.push_back(engine::DeferAttempt{session_, *token, std::get<engine::Duration>(outcome),
                                            std::move(events)});
  }
  return true;
}

void HandlerStream::SubmitFrame(std::vector<engine::Command> commands) {
  std::shared_ptr<HandlerStream> self;
  {
    absl::MutexLock lock(&mutex_);
    ++frames_under_way_;
    self = self_;
  }
  runner_.SubmitHere(std::move(commands), [self](const absl::Status& answer, storage::Sequence) {
    // The store takes nothing: the handler keeps what it has, and connects again.
    if (absl::IsUnavailable(answer) || absl::IsResourceExhausted(answer) ||
        absl::IsDataLoss(answer)) {
      self->FinishOnce(ToGrpc(answer));
      return;
    }
    absl::MutexLock lock(&self->mutex_);
    --self->frames_under_way_;
    self->ResumeReading();
  });
}

bool HandlerStream::MayRead() const {
  return !finished_ && frames_under_way_ < limits_.frames_under_way_max &&
         outbox_bytes_ <= limits_.outbox_bytes_max;
}

void HandlerStream::ReadOn() {
  absl::MutexLock lock(&mutex_);
  read_paused_ = true;
  ResumeReading();
}

void HandlerStream::ResumeReading() {
  // Under the lock: nothing may be started once the stream is finished.
  if (!read_paused_ || !MayRead()) return;
  read_paused_ = false;
  StartRead(&request_);
}

void HandlerStream::Add(const engine::Registration& registration) {
  absl::MutexLock lock(&mutex_);
  v1::Registered& registered =
      *Frame(kPartBytes * (1 + registration.stale.size())).mutable_registered();
  *registered.mutable_lease_duration() = TimeUtil::MicrosecondsToDuration(limits_.lease.count());
  *registered.mutable_heartbeat_interval() =
      TimeUtil::MicrosecondsToDuration(limits_.heartbeat.count());
  registered.set_payload_bytes_max(limits_.payload_bytes_max);
  *registered.mutable_confirm_within() =
      TimeUtil::MicrosecondsToDuration(limits_.confirm_within.count());
  *registered.mutable_cancel_grace() =
      TimeUtil::MicrosecondsToDuration(limits_.cancel_grace.count());
  *registered.mutable_features() = description_->features();
  registered.set_service_version(TASKER_VERSION);
  for (const engine::AttemptToken& token : registration.stale) {
    registered.add_stale_tokens(token.Encode());
  }
}

void HandlerStream::Add(const engine::Assignment& assignment) {
  const std::size_t bytes = BytesOf(assignment);
  if (bytes > limits_.assignment_bytes_max) {
    // No message could carry it to anyone.
    runner_.Submit(
        engine::FailAttempt{
            session_, assignment.token,
            engine::MakeFailure(engine::kInputTooLarge,
                                absl::StrCat("the context and the results of the steps before are ",
                                             bytes, " bytes together, over the limit of ",
                                             limits_.assignment_bytes_max, " bytes"),
                                false)},
        nullptr);
    return;
  }
  absl::MutexLock lock(&mutex_);
  Fill(assignment, *Frame(bytes).add_assignments());
}

void HandlerStream::Add(const engine::Cancellation& cancellation) {
  absl::MutexLock lock(&mutex_);
  v1::Cancellation& out = *Frame(kPartBytes).add_cancellations();
  out.set_token(cancellation.token.Encode());
  out.set_reason(cancellation.reason);
  out.set_superseded(cancellation.superseded);
}

void HandlerStream::AddAcknowledgement(std::string token, engine::ResultOutcome outcome,
                                       const std::optional<v1::Position>& position) {
  absl::MutexLock lock(&mutex_);
  v1::ConnectResponse& frame = Frame(kPartBytes);
  // Acknowledgements come in the order of commits: the newest counts.
  if (position) *frame.mutable_position() = *position;
  v1::Acknowledgement& out = *frame.add_acknowledgements();
  out.set_token(std::move(token));
  out.set_outcome(OutcomeOf(outcome));
}

void HandlerStream::AddDrain(const std::string& reason) {
  absl::MutexLock lock(&mutex_);
  Frame(kPartBytes).mutable_drain()->set_reason(reason);
  if (description_) description_->set_draining(true);
}

v1::ConnectResponse& HandlerStream::Frame(std::size_t bytes) {
  if (outbox_.empty() || outbox_.back().bytes >= limits_.frame_bytes) {
    outbox_.push_back({std::exchange(spare_, {}), 0});
  }
  outbox_.back().bytes += bytes;
  outbox_bytes_ += bytes;
  return outbox_.back().message;
}

void HandlerStream::Flush() {
  absl::MutexLock lock(&mutex_);
  if (!writing_) WriteNext();
}

void HandlerStream::WriteNext() {
  if (finished_ || outbox_.empty()) return;
  written_ = std::move(outbox_.front());
  outbox_bytes_ -= written_.bytes;
  outbox_.pop_front();
  writing_ = true;
  StartWrite(&written_.message);
}

void HandlerStream::OnWriteDone(bool ok) {
  if (!ok) {
    FinishOnce({grpc::StatusCode::UNAVAILABLE, "the stream is broken"});
    return;
  }
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (written_.bytes <= kSpareBytesMax) {
    written_.message.Clear();
    spare_ = std::move(written_.message);
  }
  WriteNext();
  ResumeReading();
}

void HandlerStream::FinishOnce(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (std::exchange(finished_, true)) return;
  Finish(status);
}

void HandlerStream::OnCancel() { FinishOnce(grpc::Status::CANCELLED); }

void HandlerStream::OnDone() {
  std::shared_ptr<HandlerStream> last;
  if (registered_) {
    runner_.Submit(engine::DisconnectHandler{session_}, nullptr);
    sessions_.Remove(session_);
  }
  absl::MutexLock lock(&mutex_);
  // Released behind the lock: `last` was made before it.
  last = std::move(self_);
}

std::optional<v1::ConnectedHandler> HandlerStream::Describe() const {
  absl::MutexLock lock(&mutex_);
  return description_;
}

}  // namespace tasker::service

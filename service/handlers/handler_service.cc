#include "service/handlers/handler_service.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "service/handlers/handler_stream.h"
#include "service/handlers/late_results.h"
#include "service/handlers/result_check.h"
#include "service/pipeline/position.h"
#include "service/server/grpc_status.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

constexpr std::size_t kActorBytesMax = 1024;

// A stream that is refused before it begins.
class RefusedStream final
    : public grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
 public:
  explicit RefusedStream(const grpc::Status& why) { Finish(why); }
  void OnDone() override { delete this; }
};

bool Serves(const v1::ConnectedHandler& handler, const std::string& handler_class) {
  const auto is_it = [&](const v1::HandlerClass& served) {
    return served.handler_class() == handler_class;
  };
  return handler_class.empty() || std::ranges::any_of(handler.handler_classes(), is_it) ||
         std::ranges::any_of(handler.task_handler_classes(), is_it);
}

absl::StatusOr<engine::EndDeferred> CommandOf(const v1::CompleteStepRequest& request,
                                              const StreamLimits& limits) {
  const auto token = engine::AttemptToken::Decode(request.result().token());
  if (!token) return absl::InvalidArgumentError("result.token: is not a token of an assignment");
  v1::StepResult result = request.result();
  if (!result.has_success() && !result.has_failure()) {
    return absl::InvalidArgumentError("result: one of `success` and `failure` must be set");
  }
  if (request.actor().size() > kActorBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "actor: ", request.actor().size(), " bytes are over the limit of ", kActorBytesMax));
  }
  std::variant<TakenResult, ResultFault> checked = TakeResult(result, limits);
  if (const auto* fault = std::get_if<ResultFault>(&checked)) return fault->why;
  auto& [outcome, events] = std::get<TakenResult>(checked);
  engine::EndDeferred command{.task = token->task,
                              .token = *token,
                              .outcome = engine::Payload(),
                              .events = std::move(events),
                              .actor = request.actor().empty() ? "unknown" : request.actor()};
  if (auto* results = std::get_if<engine::Payload>(&outcome)) {
    command.outcome = std::move(*results);
  } else {
    command.outcome = std::move(std::get<v1::Failure>(outcome));
  }
  return command;
}

// No open task has the token's id: what the store knows of it. Errors: NOT_FOUND: there is no such
// task at all; else what the store answers.
absl::Status AnswerLate(storage::Store& store, const engine::AttemptToken& token,
                        v1::CompleteStepResponse& response) {
  const auto task = store.Get(storage::Table::kTasks, storage::TaskKey(token.task.bytes()));
  if (!task.ok()) return task.status();
  if (!task->has_value()) {
    return absl::NotFoundError(absl::StrCat("no task ", token.task.ToString()));
  }
  response.set_outcome(OutcomeInStore(store, token) == engine::ResultOutcome::kAlreadyApplied
                           ? v1::ACKNOWLEDGEMENT_OUTCOME_ALREADY_APPLIED
                           : v1::ACKNOWLEDGEMENT_OUTCOME_STALE);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>* HandlerService::Connect(
    grpc::CallbackServerContext* context) {
  if (draining_) {
    return new RefusedStream({grpc::StatusCode::UNAVAILABLE, "the service stops"});
  }
  return HandlerStream::Begin(context, &parts_.limits, parts_.runner, parts_.sessions,
                              parts_.task_handlers, parts_.refused, parts_.tokens);
}

grpc::ServerUnaryReactor* HandlerService::ListHandlers(grpc::CallbackServerContext* context,
                                                       const v1::ListHandlersRequest* request,
                                                       v1::ListHandlersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  // How much each holds is the engine's to say.
  parts_.runner->Inspect([this, reactor, response,
                          wanted = request->handler_class()](const engine::Partition* partition) {
    if (partition == nullptr) {
      reactor->Finish({grpc::StatusCode::UNAVAILABLE, "the service stops"});
      return;
    }
    for (const std::shared_ptr<HandlerStream>& stream : parts_.sessions->All()) {
      std::optional<v1::ConnectedHandler> handler = stream->Describe();
      if (!handler || !Serves(*handler, wanted)) continue;
      handler->set_in_flight(partition->InFlightOf(stream->session()));
      *response->add_handlers() = *std::move(handler);
    }
    std::ranges::sort(*response->mutable_handlers(), {}, [](const v1::ConnectedHandler& handler) {
      return std::tie(handler.name(), handler.instance_id());
    });
    for (std::string& each : parts_.task_handlers->All()) {
      response->add_task_handler_classes(std::move(each));
    }
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerUnaryReactor* HandlerService::CompleteStep(grpc::CallbackServerContext* context,
                                                       const v1::CompleteStepRequest* request,
                                                       v1::CompleteStepResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<engine::EndDeferred> command = CommandOf(*request, parts_.limits);
  if (!command.ok()) {
    reactor->Finish(ToGrpc(command.status()));
    return reactor;
  }
  const engine::AttemptToken token = command->token;
  parts_.runner->Submit(
      *std::move(command),
      [this, reactor, response, token](const absl::Status& answer, storage::Sequence sequence) {
        if (answer.ok()) {
          response->set_outcome(v1::ACKNOWLEDGEMENT_OUTCOME_APPLIED);
          SetPosition(parts_.partition, sequence, *response->mutable_position());
        } else if (absl::IsAlreadyExists(answer)) {
          response->set_outcome(v1::ACKNOWLEDGEMENT_OUTCOME_ALREADY_APPLIED);
        } else if (absl::IsAborted(answer)) {
          response->set_outcome(v1::ACKNOWLEDGEMENT_OUTCOME_STALE);
        } else if (absl::IsNotFound(answer)) {
          reactor->Finish(ToGrpc(AnswerLate(*parts_.store, token, *response)));
          return;
        } else {
          reactor->Finish(ToGrpc(answer));
          return;
        }
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

grpc::ServerUnaryReactor* HandlerService::ForgetTaskHandler(
    grpc::CallbackServerContext* context, const v1::ForgetTaskHandlerRequest* request,
    v1::ForgetTaskHandlerResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  parts_.task_handlers->Forget(
      request->task_handler_class(),
      [this, reactor, response](const absl::Status& answer, storage::Sequence sequence) {
        SetPosition(parts_.partition, sequence, *response->mutable_position());
        reactor->Finish(ToGrpc(answer));
      });
  return reactor;
}

void HandlerService::Drain() {
  draining_ = true;
  for (const std::shared_ptr<HandlerStream>& stream : parts_.sessions->All()) {
    parts_.runner->Submit(engine::DrainHandler{stream->session()}, nullptr);
    stream->AddDrain("the service stops");
    stream->Flush();
  }
}

}  // namespace tasker::service

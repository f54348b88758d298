#include "clients/cli/protocol_commands.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

// `ALREADY_APPLIED` is `already applied`.
std::string OutcomeText(v1::AcknowledgementOutcome outcome) {
  std::string text =
      v1::AcknowledgementOutcome_Name(outcome).substr(sizeof("ACKNOWLEDGEMENT_OUTCOME_") - 1);
  for (char& c : text) {
    c = c == '_' ? ' ' : absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return text;
}

}  // namespace

ProtocolCommands::ProtocolCommands(CLI::App& app, Session& session) : session_(session) {
  AddComplete(*app.get_subcommand("step"));
  CLI::App* forget =
      app.get_subcommand("handlers")
          ->add_subcommand(
              "forget",
              "Let new tasks of a class begin without its task handler, until one registers again");
  forget->add_option("CLASS", *forget_.mutable_task_handler_class(), "The task_handler_class")
      ->required();
  forget->callback(
      [this] { session_.action = [this](Connection& connection) { return Forget(connection); }; });
  AddPublish(*app.get_subcommand("events"));
}

void ProtocolCommands::AddComplete(CLI::App& group) {
  CLI::App* complete = group.add_subcommand("complete", "End a step that its handler has deferred");
  complete->add_option("TOKEN", token_, "The attempt's token, as its handler has written it")
      ->required();
  CLI::Option* results =
      complete->add_option("--results", results_, "What the step gives as its results")
          ->type_name("JSON");
  CLI::Option* fail =
      complete->add_option("--fail", failure_, "It failed, and why")->type_name("MESSAGE");
  fail->excludes(results);
  complete->add_option("--error-class", error_class_, "The kind of failure")
      ->needs(fail)
      ->capture_default_str();
  complete->add_flag("--permanent", permanent_, "It is not to be tried again")->needs(fail);
  complete->add_option("--actor", actor_, "Who says so (default: $USER)")->envname("USER");
  complete->callback([this] {
    session_.action = [this](Connection& connection) { return Complete(connection); };
  });
}

void ProtocolCommands::AddPublish(CLI::App& group) {
  CLI::App* publish = group.add_subcommand("publish", "Publish an event of your own");
  publish->add_option("NAME", *publish_.mutable_name(), "Its name, such as order.paid")->required();
  publish->add_option("--payload", *publish_.mutable_payload(), "A JSON object")->type_name("JSON");
  publish->add_option("--task-id", *publish_.mutable_task_id(), "The open task that it is about");
  publish->callback(
      [this] { session_.action = [this](Connection& connection) { return Publish(connection); }; });
}

ExitCode ProtocolCommands::Complete(Connection& connection) {
  v1::CompleteStepRequest request;
  if (!absl::WebSafeBase64Unescape(token_, request.mutable_result()->mutable_token())) {
    return ReportUsage(session_, "the token is not one: it is URL-safe base64, as `step.token` is");
  }
  request.set_actor(actor_);
  if (failure_.empty()) {
    request.mutable_result()->mutable_success()->set_results(results_);
  } else {
    v1::Failure& failure = *request.mutable_result()->mutable_failure();
    failure.set_message(failure_);
    failure.set_error_class(error_class_);
    failure.set_retryable(!permanent_);
  }
  v1::CompleteStepResponse response;
  const auto status =
      connection.handlers().CompleteStep(connection.NewCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << OutcomeText(response.outcome()) << '\n';
  return response.outcome() == v1::ACKNOWLEDGEMENT_OUTCOME_STALE ? ExitCode::kRefused
                                                                 : ExitCode::kOk;
}

ExitCode ProtocolCommands::Forget(Connection& connection) {
  v1::ForgetTaskHandlerResponse response;
  const auto status =
      connection.handlers().ForgetTaskHandler(connection.NewCall().get(), forget_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << EscapeControls("forgot " + forget_.task_handler_class()) << '\n';
  return ExitCode::kOk;
}

ExitCode ProtocolCommands::Publish(Connection& connection) {
  v1::PublishEventResponse response;
  const auto status =
      connection.events().PublishEvent(connection.NewCall().get(), publish_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << EscapeControls("published " + publish_.name()) << '\n';
  return ExitCode::kOk;
}

}  // namespace tasker::cli

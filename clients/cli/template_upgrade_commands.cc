#include "clients/cli/template_upgrade_commands.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/input_file.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes:\n"
    "  0  every task that was looked at can move, or has moved\n"
    "  1  some cannot, or the service refused\n"
    "  2  wrong usage, or a file that cannot be read\n"
    "  3  the service cannot be reached";

std::string Verdict(v1::UpgradeVerdict verdict) {
  switch (verdict) {
    case v1::UPGRADE_VERDICT_SAME:
      return "same";
    case v1::UPGRADE_VERDICT_CAN_MOVE:
      return "can move";
    case v1::UPGRADE_VERDICT_CANNOT_MOVE:
      return "cannot move";
    default:
      return "unknown";
  }
}

std::string ChangeText(const v1::UpgradeChange& change) {
  const std::string step = change.step_name().empty() ? "" : absl::StrCat(change.step_name(), ": ");
  switch (change.kind()) {
    case v1::UPGRADE_CHANGE_KIND_STEP_ADDED:
      return absl::StrCat(step, "added");
    case v1::UPGRADE_CHANGE_KIND_STEP_REMOVED:
      return absl::StrCat(step, "removed");
    default:
      return absl::StrCat(step, change.detail());
  }
}

std::string More(std::uint32_t count) {
  return count == 0 ? "" : absl::StrCat("; and ", count, " more");
}

// How a task moves, or why it cannot.
std::string Explanation(const v1::TaskUpgrade& upgrade) {
  std::vector<std::string> parts;
  if (upgrade.verdict() == v1::UPGRADE_VERDICT_CANNOT_MOVE) {
    for (const auto& obstacle : upgrade.obstacles()) parts.push_back(obstacle.reason());
    return absl::StrCat(absl::StrJoin(parts, "; "), More(upgrade.more_obstacles()));
  }
  for (const auto& change : upgrade.changes()) parts.push_back(ChangeText(change));
  return absl::StrCat(absl::StrJoin(parts, "; "), More(upgrade.more_changes()));
}

std::string CountsText(const v1::UpgradeCounts& counts) {
  return absl::StrCat(counts.same(), " the same, ", counts.can_move(), " can move, ",
                      counts.cannot_move(), " cannot");
}

// Reads a stream to its end, all responses as one.
template <typename Response, typename Reader>
grpc::Status ReadAll(Reader& reader, Response& all) {
  for (Response page; reader.Read(&page);) {
    // The counts of the last stand for all.
    all.clear_counts();
    all.MergeFrom(page);
  }
  return reader.Finish();
}

// Who sits at the terminal, as far as it says.
std::string CurrentUser() {
  const char* user = std::getenv("USER");
  return user == nullptr ? "" : user;
}

bool IsFile(const std::string& path) {
  std::error_code ignored;
  return path == "-" || std::filesystem::is_regular_file(path, ignored);
}

template <typename Request>
void AddTaskOptions(CLI::App& command, Request& request) {
  command
      .add_option_function<std::vector<std::string>>(
          "--from",
          [&request](const std::vector<std::string>& versions) {
            for (const std::string& version : versions) request.add_from_versions(version);
          },
          "Only tasks of this version; may be given several times (default: all others)")
      ->type_name("VERSION");
  command.add_option("--task", *request.mutable_task_id(), "Only this task")->type_name("ID");
  command.footer(kFooter);
}

}  // namespace

TemplateUpgradeCommands::TemplateUpgradeCommands(CLI::App& app, Session& session)
    : session_(session) {
  CLI::App& group = *app.get_subcommand("template");
  migrate_request_.mutable_operator_()->set_actor(CurrentUser());

  CLI::App* rehearse = group.add_subcommand(
      "rehearse", "Say what a new version of a template would do to every open task of others");
  rehearse
      ->add_option(
          "FILE", what_,
          "The new version: a YAML file, which is not applied; - is standard input; or, if "
          "there is no such file, the name of a template that was applied")
      ->required();
  rehearse->add_option("--to", to_version_, "Of a name: the version (default: the highest)")
      ->type_name("VERSION");
  rehearse->add_option("--namespace", *rehearse_request_.mutable_namespace_(),
                       "Of a name: its namespace (default: default)");
  AddTaskOptions(*rehearse, rehearse_request_);
  rehearse->callback([this] {
    session_.action = [this](Connection& connection) { return Rehearse(connection); };
  });

  CLI::App* migrate = group.add_subcommand(
      "migrate", "Move the open tasks of other versions of a template to one, if they can");
  migrate
      ->add_option("NAME", what_,
                   "The template; or, if there is such a file, a YAML file, which is applied first "
                   "(with --dry-run: rehearsed, and not applied)")
      ->required();
  migrate->add_option("--to", to_version_, "The version to move to; a file says it itself")
      ->type_name("VERSION");
  migrate->add_option("--namespace", *migrate_request_.mutable_namespace_(),
                      "The template's namespace (default: default)");
  migrate->add_option_function<std::uint32_t>(
      "--limit", [this](std::uint32_t limit) { migrate_request_.set_limit(limit); },
      "Move at most so many (default: all)");
  migrate->add_flag_callback(
      "--dry-run", [this] { migrate_request_.set_dry_run(true); }, "Only say what would be done");
  migrate->add_option("--actor", *migrate_request_.mutable_operator_()->mutable_actor(),
                      "Who does it (default: $USER)");
  migrate->add_option("--reason", *migrate_request_.mutable_operator_()->mutable_reason(), "Why");
  AddTaskOptions(*migrate, migrate_request_);
  migrate->callback(
      [this] { session_.action = [this](Connection& connection) { return Migrate(connection); }; });
}

ExitCode TemplateUpgradeCommands::Rehearse(Connection& connection) {
  if (IsFile(what_)) {
    if (!to_version_.empty()) return ReportUsage(session_, "--to: a file says its version itself");
    auto source = ReadInput(what_, session_.console.in);
    if (!source.ok()) return ReportUsage(session_, std::string(source.status().message()));
    rehearse_request_.set_source(*std::move(source));
    rehearse_request_.set_source_name(what_ == "-" ? "standard input" : what_);
  } else {
    rehearse_request_.set_name(what_);
    rehearse_request_.set_version(to_version_);
  }
  const auto call = connection.NewCall();
  const auto reader = connection.templates().RehearseTemplate(call.get(), rehearse_request_);
  v1::RehearseTemplateResponse all;
  if (const auto status = ReadAll(*reader, all); !status.ok()) {
    return ReportFailure(session_, status);
  }
  const ExitCode code = all.counts().cannot_move() == 0 ? ExitCode::kOk : ExitCode::kRefused;
  if (session_.json()) return std::max(PrintJson(session_, all), code);
  Table table({"TASK", "VERSION", "VERDICT", "HOW, OR WHY NOT"});
  for (const auto& task : all.tasks()) {
    table.AddRow({task.task_id(), task.from_version(), Verdict(task.verdict()), Explanation(task)});
  }
  auto& out = session_.console.out;
  if (!all.tasks().empty()) table.Print(out);
  out << "to version " << EscapeControls(all.to_version()) << ": " << CountsText(all.counts())
      << '\n';
  return code;
}

ExitCode TemplateUpgradeCommands::ApplyFile(Connection& connection) {
  if (!to_version_.empty()) return ReportUsage(session_, "--to: a file says its version itself");
  auto source = ReadInput(what_, session_.console.in);
  if (!source.ok()) return ReportUsage(session_, std::string(source.status().message()));
  v1::ApplyTemplateRequest request;
  request.set_source(*std::move(source));
  request.set_source_name(what_ == "-" ? "standard input" : what_);
  v1::ApplyTemplateResponse response;
  const auto status =
      connection.templates().ApplyTemplate(connection.NewCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  for (const auto& warning : response.warnings()) {
    session_.console.err << EscapeControls(warning) << '\n';
  }
  migrate_request_.set_namespace_(response.template_().namespace_());
  migrate_request_.set_name(response.template_().name());
  migrate_request_.set_to_version(response.template_().version());
  return ExitCode::kOk;
}

ExitCode TemplateUpgradeCommands::Migrate(Connection& connection) {
  if (!IsFile(what_)) {
    if (to_version_.empty()) {
      return ReportUsage(session_, "--to is missing: the version to move to");
    }
    migrate_request_.set_name(what_);
    migrate_request_.set_to_version(to_version_);
  } else if (migrate_request_.dry_run()) {
    *rehearse_request_.mutable_from_versions() = migrate_request_.from_versions();
    rehearse_request_.set_task_id(migrate_request_.task_id());
    return Rehearse(connection);
  } else if (const ExitCode applied = ApplyFile(connection); applied != ExitCode::kOk) {
    return applied;
  }
  const auto call = connection.NewCall();
  const auto reader = connection.templates().MigrateTasks(call.get(), migrate_request_);
  v1::MigrateTasksResponse all;
  const auto status = ReadAll(*reader, all);
  // What was done before it failed was done.
  if (!status.ok() && all.tasks().empty()) return ReportFailure(session_, status);
  const bool refused = std::ranges::any_of(
      all.tasks(), [](const v1::MigratedTask& task) { return !task.refusal().empty(); });
  ExitCode code = refused || all.counts().cannot_move() > 0 ? ExitCode::kRefused : ExitCode::kOk;
  if (session_.json()) {
    code = std::max(PrintJson(session_, all), code);
  } else {
    Table table({"TASK", "VERSION", "OUTCOME", "HOW, OR WHY NOT"});
    for (const auto& task : all.tasks()) {
      const bool failed = !task.refusal().empty();
      const std::string outcome = task.moved() ? "moved"
                                  : failed     ? "not moved"
                                               : Verdict(task.upgrade().verdict());
      table.AddRow({task.upgrade().task_id(), task.upgrade().from_version(), outcome,
                    failed ? task.refusal() : Explanation(task.upgrade())});
    }
    auto& out = session_.console.out;
    if (!all.tasks().empty()) table.Print(out);
    out << "to version " << EscapeControls(migrate_request_.to_version()) << ": "
        << (migrate_request_.dry_run()
                ? CountsText(all.counts())
                : absl::StrCat(all.counts().moved(), " moved, ",
                               all.tasks_size() - static_cast<int>(all.counts().moved()), " not"))
        << (all.more() ? "; there may be more: ask again" : "") << '\n';
  }
  return status.ok() ? code : std::max(code, ReportFailure(session_, status));
}

}  // namespace tasker::cli

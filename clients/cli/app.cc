#include "clients/cli/app.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "CLI/CLI.hpp"
#include "absl/strings/str_join.h"

#include "clients/cli/admin_commands.h"
#include "clients/cli/bench_commands.h"
#include "clients/cli/event_catalog_commands.h"
#include "clients/cli/event_commands.h"
#include "clients/cli/generate_commands.h"
#include "clients/cli/graph_commands.h"
#include "clients/cli/handler_commands.h"
#include "clients/cli/insight_commands.h"
#include "clients/cli/operator_commands.h"
#include "clients/cli/protocol_commands.h"
#include "clients/cli/security_options.h"
#include "clients/cli/session.h"
#include "clients/cli/subscription_commands.h"
#include "clients/cli/task_commands.h"
#include "clients/cli/template_check_commands.h"
#include "clients/cli/template_commands.h"
#include "clients/cli/template_file_commands.h"
#include "clients/cli/template_upgrade_commands.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/transfer_commands.h"
#include "clients/cli/utf8.h"

namespace tasker::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes:\n"
    "  0  done; a watched task completed\n"
    "  1  the service refused, a watched task did not complete, a checked file has mistakes, or a\n"
    "     file is in the way of a generated one\n"
    "  2  wrong usage, or a file that cannot be read\n"
    "  3  the service cannot be reached";

// Empty if `text` is HOST:PORT, with an IPv6 address in brackets; else what is wrong with it.
std::string CheckServer(const std::string& text) {
  std::string wrong = "'" + EscapeControls(text) + "' is not HOST:PORT";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return wrong;
  const std::string host = text.substr(0, colon);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (host.find_first_of("/ \t") != std::string::npos) return wrong;
  if (!bracketed && host.find(':') != std::string::npos) {
    return wrong + " (write an IPv6 address as [::1]:7420)";
  }
  int port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  const bool valid = error == std::errc() && rest == end && port >= 1 && port <= 65535;
  return valid ? "" : wrong + " (a port is 1 to 65535)";
}

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  // Inherited by the commands, which may so be followed by global options.
  app.fallthrough();
  app.require_subcommand(0, 1);
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("tasker ") + TASKER_VERSION);
  app.add_option("--server", options.server, "Where the service listens")
      ->envname("TASKER_SERVER")
      ->type_name("HOST:PORT")
      ->check(CLI::Validator(CheckServer, ""))
      ->capture_default_str();
  AddSecurityOptions(app, options);
  app.add_option("--output", options.output,
                 "table for people, json for scripts: one document, events one object a line")
      ->type_name("table|json")
      ->check(CLI::IsMember({"table", "json"}).description(""))
      ->capture_default_str();
  app.add_option("--timeout", options.timeout_seconds,
                 "Seconds to wait for an answer; when following, how long the service may be away")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 86400.0).description(""))
      ->capture_default_str();
  app.add_flag("--no-color", options.no_color, "No colours (as does the variable NO_COLOR)");
}

// CLI11 could demand a command itself, but would do so even where the mistake is a mistyped one.
ExitCode ReportMissingCommand(Session& session, const CLI::App& app) {
  const auto named = app.get_subcommands();
  const CLI::App& group = named.empty() ? app : *named.front();
  std::vector<std::string> choices;
  for (const auto* command : group.get_subcommands([](const CLI::App*) { return true; })) {
    choices.push_back(command->get_name());
  }
  const std::string before = named.empty() ? "tasker" : "tasker " + group.get_name();
  return ReportUsage(session, "a command is missing: " + before + " " +
                                  absl::StrJoin(choices, "|") + " (see --help)");
}

// gRPC refuses to send such strings, with a message that names no argument.
const std::string* FindInvalidUtf8(const std::vector<std::string>& arguments) {
  const auto found = std::find_if_not(arguments.begin(), arguments.end(), IsUtf8);
  return found == arguments.end() ? nullptr : &*found;
}

}  // namespace

ExitCode Run(const std::vector<std::string>& arguments, Console& console) {
  Session session{.console = console, .options = {}, .action = {}};
  if (const auto* argument = FindInvalidUtf8(arguments)) {
    return ReportUsage(session, "argument is not UTF-8: " + *argument);
  }
  CLI::App app("Works with a Tasker service from the command line", "tasker");
  AddGlobalOptions(app, session.options);
  TemplateCommands template_commands(app, session);
  TemplateCheckCommands template_check_commands(*app.get_subcommand("template"), session);
  TemplateFileCommands template_file_commands(app, session);
  TemplateUpgradeCommands template_upgrade_commands(app, session);
  TaskCommands task_commands(app, session);
  InsightCommands insight_commands(app, session);
  OperatorCommands operator_commands(app, session);
  GraphCommands graph_commands(app, session);
  EventCommands event_commands(app, session);
  SubscriptionCommands subscription_commands(app, session);
  EventCatalogCommands event_catalog_commands(app, session);
  HandlerCommands handler_commands(app, session);
  ProtocolCommands protocol_commands(app, session);
  AdminCommands admin_commands(app, session);
  TransferCommands transfer_commands(app, session);
  GenerateCommands generate_commands(app, session);
  BenchCommands bench_commands(app, session);
  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    std::ostringstream complaint;
    const bool asked_for = app.exit(error, console.out, complaint) == 0;
    console.err << EscapeControlsInLines(complaint.str());
    return asked_for ? ExitCode::kOk : ExitCode::kUsage;
  }
  if (!session.action) return ReportMissingCommand(session, app);
  if (session.options.no_color) console.color = false;
  if (const std::string wrong = FillToken(session.options); !wrong.empty()) {
    return ReportUsage(session, wrong);
  }
  Connection connection(session.options.server, absl::Seconds(session.options.timeout_seconds),
                        session.options.security);
  const ExitCode code = session.action(connection);
  console.out.flush();
  return code;
}

}  // namespace tasker::cli

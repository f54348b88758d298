#include "clients/cli/template_file_commands.h"

#include "absl/strings/str_cat.h"

#include "clients/cli/json_output.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

constexpr std::uint32_t kFilesPage = 1000;

std::string StateText(v1::TemplateFileState state) {
  switch (state) {
    case v1::TEMPLATE_FILE_STATE_LOADED:
      return "loaded";
    case v1::TEMPLATE_FILE_STATE_BROKEN:
      return "broken";
    case v1::TEMPLATE_FILE_STATE_NOT_STORED:
      return "not stored";
    case v1::TEMPLATE_FILE_STATE_SKIPPED:
      return "skipped";
    default:
      return absl::StrCat("state ", static_cast<int>(state));
  }
}

template <typename Named>
std::string FullName(const Named& named) {
  if (named.name().empty()) return "";
  return absl::StrCat(named.namespace_(), ".", named.name(), "@", named.version());
}

std::string PathText(const std::string& path) { return path.empty() ? "." : path; }

// Whether an operator has something to do.
bool IsAllWell(const v1::ListTemplateFilesResponse& all) {
  return all.folder_problem().empty() && all.broken() == 0 && all.not_stored() == 0 &&
         all.stored_problems().empty();
}

}  // namespace

TemplateFileCommands::TemplateFileCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* files = app.get_subcommand("template")
                        ->add_subcommand("files",
                                         "Tell what became of each file in the service's folder of "
                                         "templates; exit code 1 if one is broken");
  files->add_flag("--problems", only_problems_, "Leave out those that are loaded");
  files->callback([this] {
    session_.action = [this](Connection& connection) { return ListFiles(connection); };
  });
}

ExitCode TemplateFileCommands::ListFiles(Connection& connection) {
  v1::ListTemplateFilesRequest request;
  request.set_only_problems(only_problems_);
  request.set_page_size(kFilesPage);
  v1::ListTemplateFilesResponse all;
  do {
    v1::ListTemplateFilesResponse page;
    const auto status =
        connection.templates().ListTemplateFiles(connection.NewCall().get(), request, &page);
    if (!status.ok()) return ReportFailure(session_, status);
    request.set_page_token(page.next_page_token());
    // Everything but the lists is told by each page anew.
    all.MergeFrom(page);
  } while (!request.page_token().empty());
  const ExitCode well = IsAllWell(all) ? ExitCode::kOk : ExitCode::kRefused;
  if (session_.json()) {
    all.clear_next_page_token();
    const ExitCode printed = PrintJson(session_, all);
    return printed == ExitCode::kOk ? well : printed;
  }
  Print(all);
  return well;
}

void TemplateFileCommands::Print(const v1::ListTemplateFilesResponse& all) const {
  auto& out = session_.console.out;
  if (all.folder().empty()) {
    out << "the service's settings name no folder of templates\n";
  } else {
    Table table({"FILE", "STATE", "TEMPLATE", "SINCE"});
    for (const v1::TemplateFile& file : all.files()) {
      table.AddRow({PathText(file.path()), StateText(file.state()), FullName(file),
                    TimeText(file.has_since(), file.since())});
    }
    if (!all.files().empty()) table.Print(out);
    out << EscapeControls(all.folder()) << ": " << all.loaded() << " loaded, " << all.broken()
        << " broken, " << all.not_stored() << " not stored, " << all.skipped() << " skipped\n";
  }
  if (!all.folder_problem().empty()) {
    out << "the folder " << EscapeControls(all.folder_problem()) << '\n';
  }
  if (!all.watch_problem().empty()) {
    out << "changes are not noticed as they happen: " << EscapeControls(all.watch_problem())
        << '\n';
  }
  for (const v1::TemplateFile& file : all.files()) {
    if (file.problem().empty()) continue;
    out << '\n'
        << EscapeControls(PathText(file.path())) << ": " << StateText(file.state()) << '\n'
        << EscapeControlsInLines(file.problem()) << '\n';
  }
  for (const v1::StoredTemplateProblem& problem : all.stored_problems()) {
    out << "\nstored template " << EscapeControls(FullName(problem)) << ": "
        << (problem.usable() ? "outdated" : "unusable") << '\n'
        << EscapeControlsInLines(problem.reason()) << '\n';
  }
}

}  // namespace tasker::cli

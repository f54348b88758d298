#include "clients/cli/graph_commands.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

#include "absl/strings/str_cat.h"

#include "clients/cli/analysis_report.h"
#include "clients/cli/graph/dot_text.h"
#include "clients/cli/graph/mermaid_text.h"
#include "clients/cli/graph/svg_picture.h"
#include "clients/cli/graph/text_picture.h"

namespace tasker::cli {
namespace {

constexpr int kWidthMax = 2'000;

std::string FormatOf(const std::string& asked, const std::string& file) {
  if (!asked.empty()) return asked;
  const std::map<std::string, std::string> formats = {
      {"svg", "svg"}, {"dot", "dot"}, {"gv", "dot"}, {"mmd", "mermaid"}, {"mermaid", "mermaid"}};
  const auto found = formats.find(file.substr(file.rfind('.') + 1));
  return found == formats.end() ? "unicode" : found->second;
}

CriticalBy CriticalByOf(const std::string& text) {
  if (text == "steps") return CriticalBy::kSteps;
  return text == "time" ? CriticalBy::kTime : CriticalBy::kAuto;
}

Direction DirectionOf(const std::string& text) {
  if (text == "down") return Direction::kDown;
  return text == "right" ? Direction::kRight : Direction::kAuto;
}

}  // namespace

GraphCommands::GraphCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* graph =
      app.get_subcommand("template")->add_subcommand("graph", "Draw a template's steps");
  AddTemplateOptions(*graph);
  AddDrawingOptions(*graph);
  graph->callback([this] {
    session_.action = [this](Connection& connection) { return GraphTemplate(connection); };
  });

  CLI::App* analyze =
      app.get_subcommand("template")
          ->add_subcommand(
              "analyze",
              "Say what a template's shape means: levels, critical path, bottlenecks, advice");
  AddTemplateOptions(*analyze);
  analyze->callback([this] {
    session_.action = [this](Connection& connection) { return AnalyzeOne(connection); };
  });

  CLI::App* task =
      app.get_subcommand("task")->add_subcommand("graph", "Draw a task's steps with their states");
  task->add_option("ID", task_id_, "The task's id")->required();
  AddDrawingOptions(*task);
  task->callback([this] {
    session_.action = [this](Connection& connection) { return GraphTask(connection); };
  });
}

void GraphCommands::AddTemplateOptions(CLI::App& command) {
  command
      .add_option("FILE|NAME", template_.text,
                  "A YAML file, read without a service (- is standard input), or the name of a "
                  "template that the service has")
      ->required();
  command.add_option("--environment", template_.environment,
                     "Which of the file's environments is merged in");
  command.add_option("--namespace", template_.namespace_name,
                     "The template's namespace (default: default)");
  command.add_option("--version", template_.version,
                     "The template's version (default: the highest)");
}

void GraphCommands::AddDrawingOptions(CLI::App& command) {
  command
      .add_option("--format", format_,
                  "mermaid, dot (Graphviz), svg, ascii, or unicode: as ascii with finer lines "
                  "(default: by FILE's ending, else unicode)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"mermaid", "dot", "svg", "ascii", "unicode"}).description(""));
  command.add_option("-o,--out", file_, "Where to write; - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  command
      .add_option("--critical", critical_,
                  "Mark the path of most steps, or the one that takes longest; auto: by time if "
                  "each step has one")
      ->type_name("auto|steps|time")
      ->check(CLI::IsMember({"auto", "steps", "time"}).description(""))
      ->capture_default_str();
  command.add_option("--direction", direction_, "Of svg: where the work goes")
      ->type_name("auto|down|right")
      ->check(CLI::IsMember({"auto", "down", "right"}).description(""))
      ->capture_default_str();
  command
      .add_option("--width", width_,
                  "Of ascii and unicode: cells a line may take (default: the terminal's)")
      ->type_name("N")
      ->check(CLI::Range(kTextWidthMin, kWidthMax).description(""));
}

ExitCode GraphCommands::GraphTemplate(Connection& connection) {
  v1::TemplateAnalysis analysis;
  const ExitCode code = Analyze(session_, connection, template_, analysis);
  return code == ExitCode::kOk ? Draw(PictureOf(analysis, CriticalByOf(critical_))) : code;
}

ExitCode GraphCommands::AnalyzeOne(Connection& connection) {
  v1::TemplateAnalysis analysis;
  const ExitCode code = Analyze(session_, connection, template_, analysis);
  if (code != ExitCode::kOk) return code;
  if (session_.json()) return PrintJson(session_, analysis);
  PrintAnalysis(session_.console.out, analysis);
  return ExitCode::kOk;
}

ExitCode GraphCommands::GraphTask(Connection& connection) {
  v1::GetTaskRequest request;
  request.set_task_id(task_id_);
  v1::GetTaskResponse found;
  auto status = connection.tasks().GetTask(connection.NewCall().get(), request, &found);
  if (!status.ok()) return ReportFailure(session_, status);
  v1::AnalyzeTemplateRequest of_template;
  of_template.set_namespace_(found.task().namespace_());
  of_template.set_name(found.task().name());
  of_template.set_version(found.task().version());
  v1::AnalyzeTemplateResponse facts;
  status = connection.templates().AnalyzeTemplate(connection.NewCall().get(), of_template, &facts);
  if (!status.ok()) {
    if (ExitCodeOf(status) == ExitCode::kUnreachable) return ReportFailure(session_, status);
    // The picture is still of use.
    session_.console.err << "drawn without the kinds of steps:\n";
    ReportFailure(session_, status);
  }
  return Draw(PictureOf(found.task(), status.ok() ? &facts.analysis() : nullptr,
                        CriticalByOf(critical_), absl::Now()));
}

ExitCode GraphCommands::Draw(const Picture& picture) {
  const std::string format = FormatOf(format_, file_);
  std::string drawn;
  if (format == "svg") {
    drawn = DrawSvg(picture, DirectionOf(direction_));
  } else if (format == "dot") {
    drawn = DotText(picture);
  } else if (format == "mermaid") {
    drawn = MermaidText(picture);
    if (picture.edges.size() > kMermaidEdgesMax || drawn.size() > kMermaidBytesMax) {
      session_.console.err << "Mermaid draws as much only where its settings maxEdges (500) and "
                              "maxTextSize (50000) allow it; --format svg has no such limit\n";
    }
  } else {
    const int terminal = session_.console.out_is_terminal ? session_.console.size().width : 80;
    drawn = DrawText(picture, {format == "ascii" ? TextStyle::kAscii : TextStyle::kUnicode,
                               width_ > 0 ? width_ : terminal});
  }
  if (file_ == "-") {
    session_.console.out << drawn;
    return ExitCode::kOk;
  }
  std::ofstream out(file_, std::ios::binary | std::ios::trunc);
  out << drawn;
  out.close();
  if (out) return ExitCode::kOk;
  return ReportUsage(session_, absl::StrCat("cannot write ", file_, ": ", std::strerror(errno)));
}

}  // namespace tasker::cli

#include "clients/cli/graph/mermaid_text.h"

#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "clients/cli/graph/palette.h"
#include "clients/cli/state_text.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/utf8.h"

namespace tasker::cli {
namespace {

// What has a meaning nowhere inside a quoted label.
bool IsPlain(char32_t c) {
  return c >= 0x80 || absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == U' ' ||
         c == U'_' || c == U',' || c == U'/' || c == U'@';
}

std::string Label(std::string_view text) {
  const std::string visible = EscapeControls(text);
  std::string label;
  for (std::size_t position = 0; position < visible.size();) {
    const std::size_t start = position;
    const char32_t c = DecodeUtf8(visible, position).value_or(U'?');
    if (IsPlain(c)) {
      label += visible.substr(start, position - start);
    } else {
      absl::StrAppend(&label, "#", static_cast<std::uint32_t>(c), ";");
    }
  }
  return label;
}

struct Shape {
  std::string_view open;
  std::string_view close;
};

Shape ShapeOf(const PictureNode& node) {
  switch (node.kind) {
    case NodeKind::kDecision:
      return {"{\"", "\"}"};
    case NodeKind::kSubTask:
      return {"[[\"", "\"]]"};
    case NodeKind::kWait:
      return {"([\"", "\"])"};
    case NodeKind::kUndo:
      return {">\"", "\"]"};
    case NodeKind::kOnFailure:
      return {"{{\"", "\"}}"};
    case NodeKind::kHandler:
      break;
  }
  return node.many ? Shape{"[/\"", "\"/]"} : Shape{"[\"", "\"]"};
}

std::string_view Arrow(const PictureEdge& edge) {
  if (edge.critical) return " ==> ";
  switch (edge.kind) {
    case EdgeKind::kChoice:
      return " -.-> ";
    case EdgeKind::kUndo:
      return " -. undoes .-> ";
    case EdgeKind::kDependency:
      break;
  }
  return " --> ";
}

void AppendStyles(std::string& out) {
  for (const Paint& paint : Paints()) {
    absl::StrAppend(&out, "  classDef ", std::string(paint.name), " fill:", std::string(paint.fill),
                    ",stroke:", std::string(paint.line));
    if (!paint.dashes.empty()) {
      absl::StrAppend(&out, ",stroke-dasharray:", std::string(paint.dashes));
    }
    out += ",color:#0f172a\n";
  }
  absl::StrAppend(&out, "  classDef critical stroke:", std::string(kCriticalColor),
                  ",stroke-width:3px\n");
}

void AppendNode(const PictureNode& node, std::size_t number, std::string& out) {
  const Shape shape = ShapeOf(node);
  absl::StrAppend(&out, "  n", number, std::string(shape.open), Label(node.name));
  for (const std::string& note : node.notes) absl::StrAppend(&out, "<br/>", Label(note));
  if (node.state != v1::STEP_STATE_UNSPECIFIED) {
    absl::StrAppend(&out, "<br/>", Label(StateText(node.state)),
                    node.state_note.empty() ? "" : ", ", Label(node.state_note));
  }
  absl::StrAppend(&out, std::string(shape.close),
                  ":::", std::string(PaintOf(node.state, node.kind).name), "\n");
}

// For a comment, of which nothing may look like a directive.
std::string Comment(std::string_view text) {
  std::string comment = EscapeControls(text);
  for (char& c : comment) {
    if (c == '%' || c == '{' || c == '}') c = '?';
  }
  return comment;
}

}  // namespace

std::string MermaidText(const Picture& picture) {
  std::string out = "flowchart TD\n";
  absl::StrAppend(&out, "  %% ", Comment(picture.title), "\n");
  if (!picture.subtitle.empty()) absl::StrAppend(&out, "  %% ", Comment(picture.subtitle), "\n");
  absl::StrAppend(&out, "  %% thick: critical path",
                  picture.edges.size() > kMermaidEdgesMax
                      ? "; drawn only where maxEdges and maxTextSize allow as much"
                      : "",
                  "\n");
  AppendStyles(out);
  std::string critical;
  for (std::size_t i = 0; i < picture.nodes.size(); ++i) {
    AppendNode(picture.nodes[i], i, out);
    if (picture.nodes[i].critical) absl::StrAppend(&critical, critical.empty() ? "" : ",", "n", i);
  }
  std::string critical_edges;
  for (std::size_t i = 0; i < picture.edges.size(); ++i) {
    const PictureEdge& edge = picture.edges[i];
    absl::StrAppend(&out, "  n", edge.from, std::string(Arrow(edge)), "n", edge.to, "\n");
    if (edge.critical) absl::StrAppend(&critical_edges, critical_edges.empty() ? "" : ",", i);
  }
  if (!critical.empty()) absl::StrAppend(&out, "  class ", critical, " critical\n");
  if (!critical_edges.empty()) {
    absl::StrAppend(&out, "  linkStyle ", critical_edges, " stroke:", std::string(kCriticalColor),
                    "\n");
  }
  return out;
}

}  // namespace tasker::cli

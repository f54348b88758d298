#include "clients/cli/graph/dot_text.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

#include "clients/cli/graph/palette.h"
#include "clients/cli/state_text.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

// From this many edges on `dot` needs help to end within seconds.
constexpr std::size_t kLargeEdges = 1'500;

// For a quoted string: backslashes begin escapes there, and `&` entities.
std::string Quoted(std::string_view text) {
  std::string quoted;
  for (const char c : EscapeControls(text)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
    if (c == '&') quoted += "amp;";
  }
  return quoted;
}

// Shape and style of a kind.
std::pair<std::string_view, std::string_view> LookOf(NodeKind kind) {
  switch (kind) {
    case NodeKind::kDecision:
      return {"diamond", "filled"};
    case NodeKind::kSubTask:
      return {"box", "filled"};
    case NodeKind::kWait:
      return {"ellipse", "filled"};
    case NodeKind::kUndo:
      return {"note", "filled,dashed"};
    case NodeKind::kOnFailure:
      return {"octagon", "filled"};
    case NodeKind::kHandler:
      break;
  }
  return {"box", "filled,rounded"};
}

void AppendNode(const PictureNode& node, std::size_t number, std::string& out) {
  const auto [shape, style] = LookOf(node.kind);
  const Paint& paint = PaintOf(node.state, node.kind);
  absl::StrAppend(&out, "  n", number, " [label=\"", Quoted(node.name));
  for (const std::string& note : node.notes) absl::StrAppend(&out, "\\n", Quoted(note));
  if (node.state != v1::STEP_STATE_UNSPECIFIED) {
    absl::StrAppend(&out, "\\n", StateText(node.state), node.state_note.empty() ? "" : ", ",
                    Quoted(node.state_note));
  }
  absl::StrAppend(&out, "\", shape=", node.many ? "box3d" : std::string(shape), ", style=\"",
                  std::string(style), "\", fillcolor=\"", std::string(paint.fill));
  absl::StrAppend(&out, "\", color=\"", std::string(node.critical ? kCriticalColor : paint.line),
                  "\"", node.critical ? ", penwidth=2.6" : "",
                  node.kind == NodeKind::kSubTask ? ", peripheries=2" : "", "];\n");
}

void AppendEdge(const PictureEdge& edge, std::string& out) {
  absl::StrAppend(&out, "  n", edge.from, " -> n", edge.to);
  std::string style;
  if (edge.kind == EdgeKind::kChoice) style = "style=dashed";
  if (edge.kind == EdgeKind::kUndo) {
    style = absl::StrCat("style=dotted, color=\"", std::string(kUndoColor), "\", label=\"undoes\"");
  }
  if (edge.critical) {
    absl::StrAppend(&style, style.empty() ? "" : ", ", "color=\"", std::string(kCriticalColor),
                    "\", penwidth=2.6");
  }
  absl::StrAppend(&out, style.empty() ? "" : " [", style, style.empty() ? "" : "]", ";\n");
}

}  // namespace

std::string DotText(const Picture& picture) {
  std::string title = Quoted(picture.title);
  if (!picture.subtitle.empty()) absl::StrAppend(&title, "\\n", Quoted(picture.subtitle));
  std::string out =
      absl::StrCat("digraph \"", Quoted(picture.title), "\" {\n  graph [label=\"", title,
                   "\", labelloc=t, fontname=\"Helvetica\"];\n"
                   "  node [fontname=\"Courier\", fontsize=11, margin=\"0.15,0.08\"];\n"
                   "  edge [color=\"#64748b\", fontname=\"Helvetica\", fontsize=10];\n"
                   "  // orange: critical path\n");
  if (picture.edges.size() > kLargeEdges) {
    out +=
        "  // Large: without these `dot` takes minutes.\n"
        "  graph [nslimit=0.1, nslimit1=0.1, mclimit=0.1, splines=line];\n";
  }
  for (std::size_t i = 0; i < picture.nodes.size(); ++i) AppendNode(picture.nodes[i], i, out);
  for (const PictureEdge& edge : picture.edges) AppendEdge(edge, out);
  for (std::size_t i = 0; i < picture.nodes.size(); ++i) {
    if (picture.nodes[i].kind != NodeKind::kOnFailure) continue;
    absl::StrAppend(&out, "  { rank=sink; n", i, "; }\n");
  }
  out += "}\n";
  return out;
}

}  // namespace tasker::cli

#include "clients/cli/graph/text_picture.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/state_text.h"
#include "clients/cli/terminal_text.h"
#include "config/analysis/step_graph.h"

namespace tasker::cli {
namespace {

constexpr int kNameCellsMax = 40;
// Names of steps that a line tells of at most, the others being counted.
constexpr std::size_t kParentsShown = 6;

// Which step stands on which level; what runs only after a failure stands behind all.
struct Levels {
  std::vector<std::vector<std::uint32_t>> ordinary;
  std::vector<std::uint32_t> reserve;
};

config::StepGraph GraphOf(const Picture& picture) {
  std::vector<config::StepEdge> edges;
  for (const PictureEdge& edge : picture.edges) {
    if (edge.kind != EdgeKind::kUndo) edges.push_back({edge.from, edge.to});
  }
  return config::StepGraph(static_cast<std::uint32_t>(picture.nodes.size()), edges);
}

Levels LevelsOf(const Picture& picture, const config::StepGraph& graph) {
  Levels levels;
  for (const std::uint32_t node : graph.order()) {
    const NodeKind kind = picture.nodes[node].kind;
    if (kind == NodeKind::kUndo || kind == NodeKind::kOnFailure) {
      levels.reserve.push_back(node);
      continue;
    }
    if (levels.ordinary.size() <= graph.LevelOf(node)) levels.ordinary.emplace_back();
    levels.ordinary.back().push_back(node);
  }
  return levels;
}

class Lister {
 public:
  Lister(const Picture& picture, const TextPictureOptions& options)
      : picture_(picture), options_(options), graph_(GraphOf(picture)) {}

  std::string List() {
    const Levels levels = LevelsOf(picture_, graph_);
    for (std::size_t i = 0; i < levels.ordinary.size(); ++i) {
      const std::size_t size = levels.ordinary[i].size();
      Heading(
          absl::StrCat("level ", i + 1, size > 1 ? absl::StrCat(", ", size, " side by side") : ""));
      Column(levels.ordinary[i]);
    }
    if (!levels.reserve.empty()) {
      Heading("after a failure");
      Column(levels.reserve);
    }
    return std::move(out_);
  }

 private:
  bool unicode() const { return options_.style == TextStyle::kUnicode; }

  void Heading(const std::string& text) { absl::StrAppend(&out_, text, "\n"); }

  std::string StateOf(const PictureNode& node) const {
    if (node.state == v1::STEP_STATE_UNSPECIFIED) return "";
    return absl::StrCat("[", StateText(node.state), node.state_note.empty() ? "" : ", ",
                        node.state_note, "]  ");
  }

  void Column(const std::vector<std::uint32_t>& nodes) {
    int width = 0;
    for (const std::uint32_t node : nodes) {
      width = std::max(width, DisplayWidth(Name(node)));
    }
    for (const std::uint32_t node : nodes) Line(node, width);
  }

  std::string Name(std::uint32_t node) const {
    return CutInTheMiddle(EscapeControls(picture_.nodes[node].name), kNameCellsMax);
  }

  void Line(std::uint32_t index, int name_width) {
    const PictureNode& node = picture_.nodes[index];
    std::string line =
        node.critical ? (unicode() ? "  ● " : "  * ") : (unicode() ? "  ○ " : "  o ");
    absl::StrAppend(&line, PadRight(Name(index), name_width), "  ", StateOf(node));
    for (const std::string& note : node.notes) {
      absl::StrAppend(&line, "(", EscapeControls(note), ") ");
    }
    const auto parents = graph_.ParentsOf(index);
    if (!parents.empty()) absl::StrAppend(&line, unicode() ? "← " : "<- ", ParentsText(parents));
    line = CutToWidth(line, options_.width);
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out_, line, "\n");
  }

  std::string ParentsText(std::span<const std::uint32_t> parents) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(parents.size(), kParentsShown); ++i) {
      names.push_back(Name(parents[i]));
    }
    const std::size_t left = parents.size() - names.size();
    // The count comes first, so that cutting the line does not lose it.
    return absl::StrCat(left > 0 ? absl::StrCat(parents.size(), ": ") : "",
                        absl::StrJoin(names, ", "), left > 0 ? ", ..." : "");
  }

  const Picture& picture_;
  const TextPictureOptions& options_;
  const config::StepGraph graph_;
  std::string out_;
};

}  // namespace

std::string DrawTextList(const Picture& picture, const TextPictureOptions& options) {
  return Lister(picture, options).List();
}

std::string DrawText(const Picture& picture, const TextPictureOptions& asked) {
  const TextPictureOptions options{asked.style, std::max(asked.width, kTextWidthMin)};
  std::string out;
  for (const std::string& text : {picture.title, picture.subtitle}) {
    if (!text.empty()) {
      absl::StrAppend(&out, CutToWidth(EscapeControls(text), options.width), "\n");
    }
  }
  const std::optional<std::string> boxes = DrawTextBoxes(picture, options);
  const bool unicode = options.style == TextStyle::kUnicode;
  out += "critical path: ";
  if (boxes) {
    out += unicode ? "heavy frames\n" : "frames of # and =\n";
  } else {
    out += unicode ? "●\n" : "*\n";
  }
  absl::StrAppend(&out, "\n", boxes ? *boxes : DrawTextList(picture, options));
  return out;
}

}  // namespace tasker::cli

#include "tests/cli/graph/picture_builder.h"

#include <algorithm>

namespace tasker::cli {

Picture MakePicture(const std::vector<std::string>& names,
                    const std::vector<std::pair<std::uint32_t, std::uint32_t>>& edges) {
  Picture picture;
  picture.title = "default.t@1.0.0";
  for (const std::string& name : names) {
    picture.nodes.emplace_back();
    picture.nodes.back().name = name;
  }
  for (const auto& [from, to] : edges) picture.edges.push_back({from, to});
  std::ranges::sort(picture.edges, [](const PictureEdge& a, const PictureEdge& b) {
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
  return picture;
}

std::vector<std::string> HostileNames() {
  return {"\x1b[2J\x07",
          "</text><script>alert(1)</script>",
          "a\"]; n9 --> n0 %%{init: {'theme':'dark'}}%%",
          "\\N\\l &lt; \"quoted\"",
          "\xe2\x80\xae"
          "desrever",
          "\xff\xfe",
          "`**bold**` $$x^2$$ #quot; fa:fa-car",
          "1. list\n- item",
          "\xef\xbf\xbf"};
}

Picture FlowPicture() {
  Picture picture = MakePicture({"fetch", "route", "wait", "each", "sub", "refund", "alert"},
                                {{0, 1}, {1, 2}, {1, 3}, {2, 4}, {3, 4}, {3, 5}});
  const auto set = [&picture](std::size_t node, NodeKind kind, std::vector<std::string> notes) {
    picture.nodes[node].kind = kind;
    picture.nodes[node].notes = std::move(notes);
  };
  set(1, NodeKind::kDecision, {"decision"});
  set(2, NodeKind::kWait, {"waits 24h"});
  set(3, NodeKind::kHandler, {"for each context.items"});
  picture.nodes[3].many = true;
  set(4, NodeKind::kSubTask, {"runs default.pay"});
  set(5, NodeKind::kUndo, {"undoes each"});
  set(6, NodeKind::kOnFailure, {"on failure"});
  for (PictureEdge& edge : picture.edges) {
    if (edge.from == 1) edge.kind = EdgeKind::kChoice;
    if (edge.to == 5) edge.kind = EdgeKind::kUndo;
    edge.critical = edge.to <= 2 || edge.from == 2;
  }
  for (const std::size_t node : {0, 1, 2, 4}) picture.nodes[node].critical = true;
  return picture;
}

}  // namespace tasker::cli

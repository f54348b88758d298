#include "clients/cli/graph/svg_picture.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"

#include "clients/cli/graph/layers.h"
#include "clients/cli/graph/palette.h"
#include "clients/cli/graph/places.h"
#include "clients/cli/graph/svg_shapes.h"
#include "clients/cli/state_text.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

// Pixels.
constexpr double kMargin = 24;
constexpr double kGap = 26;
constexpr double kBendGap = 14;
// Between layers, more where edges go far to the side.
constexpr double kChannelMin = 44;
constexpr double kChannelMax = 320;
constexpr double kLegendHeight = 22;

// A point of the drawing: along the layers, and across them, in the direction of work.
struct Point {
  double along = 0;
  double across = 0;
};

// Where everything is, whichever direction is down.
class Plan {
 public:
  Plan(const Layers& layers, const std::vector<SvgBox>& boxes, bool down)
      : layers_(layers), boxes_(boxes), down_(down) {
    std::vector<double> widths;
    for (const SvgBox& box : boxes) widths.push_back(Along(box));
    along_ = PlaceAlongLayers(
        layers, {.widths = widths, .gap = down ? kGap : kGap * 0.6, .bend_gap = kBendGap});
    FindThickness();
    double across = 0;
    std::vector<double> channels = Channels();
    for (std::size_t i = 0; i < thickness_.size(); ++i) {
      begin_.push_back(across);
      across += thickness_[i] + (i + 1 < thickness_.size() ? channels[i] : 0);
    }
    size_.across = across;
    for (std::uint32_t i = 0; i < along_.size(); ++i) {
      const double width = layers.is_bend(i) ? 0 : widths[i];
      size_.along = std::max(size_.along, along_[i] + width / 2);
    }
  }

  double width() const { return down_ ? size_.along : size_.across; }
  double height() const { return down_ ? size_.across : size_.along; }

  Point MiddleOf(std::uint32_t node) const {
    const std::uint32_t layer = layers_.layer_of[node];
    return {along_[node], begin_[layer] + thickness_[layer] / 2};
  }

  // Where edges leave and reach a vertex, and the end of its layer there, which they go straight
  // to.
  Point LeaveAt(std::uint32_t vertex) const { return Edge(vertex, 1); }
  Point ReachAt(std::uint32_t vertex) const { return Edge(vertex, -1); }
  double LayerEnd(std::uint32_t vertex) const {
    return LayerBegin(vertex) + thickness_[layers_.layer_of[vertex]];
  }
  double LayerBegin(std::uint32_t vertex) const { return begin_[layers_.layer_of[vertex]]; }

  // `x,y` of the document.
  std::string Text(Point point) const {
    const double x = down_ ? point.along : point.across;
    const double y = down_ ? point.across : point.along;
    return absl::StrCat(SvgNumber(x), " ", SvgNumber(y));
  }

  bool down() const { return down_; }

 private:
  double Along(const SvgBox& box) const { return down_ ? box.width() : box.height(); }
  double Across(const SvgBox& box) const { return down_ ? box.height() : box.width(); }

  void FindThickness() {
    thickness_.assign(layers_.layers.size(), 0);
    for (std::uint32_t i = 0; i < boxes_.size(); ++i) {
      double& thickness = thickness_[layers_.layer_of[i]];
      thickness = std::max(thickness, Across(boxes_[i]));
    }
  }

  // Behind each layer: so much that edges do not get too flat.
  std::vector<double> Channels() const {
    std::vector<double> widest(thickness_.size(), 0);
    for (const Layers::Segment& segment : layers_.segments) {
      double& most = widest[layers_.layer_of[segment.from]];
      most = std::max(most, std::abs(along_[segment.from] - along_[segment.to]));
    }
    for (double& channel : widest) {
      channel = std::clamp(0.12 * channel, kChannelMin, kChannelMax);
    }
    return widest;
  }

  Point Edge(std::uint32_t vertex, int side) const {
    if (layers_.is_bend(vertex)) {
      return {along_[vertex], side > 0 ? LayerEnd(vertex) : LayerBegin(vertex)};
    }
    return {along_[vertex], MiddleOf(vertex).across + side * Across(boxes_[vertex]) / 2};
  }

  const Layers& layers_;
  const std::vector<SvgBox>& boxes_;
  const bool down_;
  std::vector<double> along_;
  std::vector<double> thickness_;
  std::vector<double> begin_;
  Point size_;
};

class Drawing {
 public:
  Drawing(const Picture& picture, const Layers& layers, const std::vector<SvgBox>& boxes,
          const Plan& plan)
      : picture_(picture), layers_(layers), boxes_(boxes), plan_(plan) {}

  std::string Draw() {
    const double head = picture_.subtitle.empty() ? 34 : 54;
    DrawGraph();
    // Wide enough for what stands around the graph.
    const std::string title = EscapeControls(picture_.title);
    const double width = std::max(
        {plan_.width(), SvgNameWidth(title) * 16 / 13, SvgNameWidth(picture_.subtitle), 360.0});
    std::string legend;
    const double legend_height = DrawLegend(width, legend);
    const double total_width = width + 2 * kMargin + 6;
    const double legend_top = kMargin + head + plan_.height() + 30;
    const double total_height = legend_top + legend_height + kMargin;
    std::string out =
        absl::StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", SvgNumber(total_width),
                     "\" height=\"", SvgNumber(total_height), "\" viewBox=\"0 0 ",
                     SvgNumber(total_width), " ", SvgNumber(total_height),
                     "\" role=\"img\">\n<title>", XmlText(picture_.title), "</title>\n");
    out += SvgDefinitions();
    out += "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
    absl::StrAppend(&out, "<text class=\"t\" x=\"", kMargin, "\" y=\"", kMargin + 14, "\">",
                    XmlText(picture_.title), "</text>\n");
    if (!picture_.subtitle.empty()) {
      absl::StrAppend(&out, "<text class=\"u\" x=\"", kMargin, "\" y=\"", kMargin + 34, "\">",
                      XmlText(picture_.subtitle), "</text>\n");
    }
    const double left = kMargin + (width - plan_.width()) / 2;
    absl::StrAppend(&out, "<g transform=\"translate(", SvgNumber(left), " ",
                    SvgNumber(kMargin + head), ")\">\n", graph_, "</g>\n");
    absl::StrAppend(&out, "<g transform=\"translate(", kMargin, " ", SvgNumber(legend_top),
                    ")\">\n", legend, "</g>\n</svg>\n");
    return out;
  }

 private:
  // Boxes over edges, the critical path over others.
  void DrawGraph() {
    for (const PictureEdge& edge : layers_.free_edges) {
      Line(edge.from, edge.to, SvgLineClass(edge.kind, edge.critical) + " a");
    }
    for (const bool critical : {false, true}) {
      for (const Layers::Segment& segment : layers_.segments) {
        if (segment.critical != critical) continue;
        std::string classes = SvgLineClass(segment.kind, critical);
        if (!layers_.is_bend(segment.to)) classes += " a";
        Line(segment.from, segment.to, classes);
      }
    }
    for (std::uint32_t i = 0; i < boxes_.size(); ++i) {
      const Point middle = plan_.MiddleOf(i);
      boxes_[i].Draw(plan_.down() ? middle.along : middle.across,
                     plan_.down() ? middle.across : middle.along, graph_);
    }
  }

  // Straight to the end of the layer, curved to the next one, straight again.
  void Line(std::uint32_t from, std::uint32_t to, const std::string& classes) {
    const Point start = plan_.LeaveAt(from);
    const Point end = plan_.ReachAt(to);
    const Point turn{start.along, plan_.LayerEnd(from)};
    const Point arrive{end.along, plan_.LayerBegin(to)};
    const double half = (turn.across + arrive.across) / 2;
    // From the layer's beginning, where the line before ended.
    const Point begin = layers_.is_bend(from) ? Point{start.along, plan_.LayerBegin(from)} : start;
    absl::StrAppend(&graph_, "<path class=\"", classes, "\" d=\"M", plan_.Text(begin));
    if (std::abs(start.along - end.along) >= 0.5) {
      if (turn.across - begin.across > 0.5) absl::StrAppend(&graph_, "L", plan_.Text(turn));
      absl::StrAppend(&graph_, "C", plan_.Text({turn.along, half}), " ",
                      plan_.Text({arrive.along, half}), " ", plan_.Text(arrive));
      if (end.across - arrive.across > 0.5) absl::StrAppend(&graph_, "L", plan_.Text(end));
    } else {
      absl::StrAppend(&graph_, "L", plan_.Text({start.along, end.across}));
    }
    graph_ += "\"/>\n";
  }

  // What occurs, from left to right in as many rows as it takes. Returns its height.
  double DrawLegend(double width, std::string& out) const {
    double x = 0;
    double y = 0;
    const auto item = [&](const std::string& text, const auto& sample) {
      const double taken = 46 + SvgNameWidth(text) * 12 / 13 + 22;
      if (x > 0 && x + taken > width) {
        x = 0;
        y += kLegendHeight;
      }
      sample(x, y);
      absl::StrAppend(&out, "<text class=\"k\" x=\"", SvgNumber(x + 46), "\" y=\"",
                      SvgNumber(y + 4), "\">", text, "</text>\n");
      x += taken;
    };
    const auto line = [&](EdgeKind kind, bool critical) {
      return [&out, kind, critical](double left, double middle) {
        absl::StrAppend(&out, "<path class=\"", SvgLineClass(kind, critical), " a\" d=\"M",
                        SvgNumber(left), " ", SvgNumber(middle), "h38\"/>");
      };
    };
    const auto box = [&](NodeKind kind, bool many, std::string_view fill) {
      return [&out, kind, many, fill](double left, double middle) {
        DrawSvgShape(kind, many, left + 19, middle, 32, 14, absl::StrCat("b ", std::string(fill)),
                     out);
      };
    };
    item("critical path", line(EdgeKind::kDependency, true));
    if (Any(EdgeKind::kChoice)) item("chosen by a decision", line(EdgeKind::kChoice, false));
    if (Any(EdgeKind::kUndo)) item("undoes after a failure", line(EdgeKind::kUndo, false));
    const bool states = picture_.has_states();
    const auto fill = [&](NodeKind kind) {
      return states ? std::string_view("handler") : PaintOf(v1::STEP_STATE_UNSPECIFIED, kind).name;
    };
    const std::pair<NodeKind, const char*> kinds[] = {{NodeKind::kDecision, "decision"},
                                                      {NodeKind::kSubTask, "runs another task"},
                                                      {NodeKind::kWait, "wait"},
                                                      {NodeKind::kUndo, "compensation"},
                                                      {NodeKind::kOnFailure, "on failure"}};
    for (const auto& [kind, text] : kinds) {
      if (Any(kind)) item(text, box(kind, false, fill(kind)));
    }
    if (std::ranges::any_of(picture_.nodes, &PictureNode::many)) {
      item("once for each item", box(NodeKind::kHandler, true, "handler"));
    }
    std::map<v1::StepState, std::size_t> counts;
    for (const PictureNode& node : picture_.nodes) ++counts[node.state];
    for (const auto& [state, count] : counts) {
      if (state == v1::STEP_STATE_UNSPECIFIED) continue;
      item(absl::StrCat(StateText(state), " (", count, ")"),
           box(NodeKind::kHandler, false, PaintOf(state, NodeKind::kHandler).name));
    }
    return y + kLegendHeight;
  }

  bool Any(EdgeKind kind) const {
    return std::ranges::any_of(picture_.edges,
                               [kind](const PictureEdge& edge) { return edge.kind == kind; });
  }
  bool Any(NodeKind kind) const {
    return std::ranges::any_of(picture_.nodes,
                               [kind](const PictureNode& node) { return node.kind == kind; });
  }

  const Picture& picture_;
  const Layers& layers_;
  const std::vector<SvgBox>& boxes_;
  const Plan& plan_;
  std::string graph_;
};

// How far from a page's proportions, either way.
double OffPage(const Plan& plan) {
  constexpr double kPage = 1.3;
  return std::abs(std::log(plan.width() / plan.height() / kPage));
}

}  // namespace

std::string DrawSvg(const Picture& picture, Direction direction) {
  Layers layers = MakeLayers(picture);
  ReduceCrossings(layers);
  const std::vector<SvgBox> boxes(picture.nodes.begin(), picture.nodes.end());
  if (direction != Direction::kAuto) {
    const Plan plan(layers, boxes, direction == Direction::kDown);
    return Drawing(picture, layers, boxes, plan).Draw();
  }
  const Plan down(layers, boxes, true);
  const Plan right(layers, boxes, false);
  return Drawing(picture, layers, boxes, OffPage(down) <= OffPage(right) ? down : right).Draw();
}

}  // namespace tasker::cli

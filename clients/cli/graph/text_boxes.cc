#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"

#include "clients/cli/graph/layers.h"
#include "clients/cli/graph/places.h"
#include "clients/cli/graph/text_channel.h"
#include "clients/cli/graph/text_picture.h"
#include "clients/cli/state_text.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

// What text in boxes is cut to: the first with which the picture fits.
constexpr std::array kTextCells = {36, 26, 18};
constexpr int kGap = 2;
// Drawings that take more layers of steps side by side would not fit, so need not be tried.
constexpr int kCellsPerStepMin = 5;

// What stands in a box, and its size with the frame.
struct Box {
  std::vector<std::string> lines;
  int width = 0;
  int height = 0;
};

Box BoxOf(const PictureNode& node, int cells) {
  Box box;
  const auto add = [&box](std::string line) {
    box.width = std::max(box.width, DisplayWidth(line));
    box.lines.push_back(std::move(line));
  };
  add(CutInTheMiddle(EscapeControls(node.name), cells));
  for (const std::string& note : node.notes) add(CutToWidth(EscapeControls(note), cells));
  if (node.state != v1::STEP_STATE_UNSPECIFIED) {
    const std::string state =
        absl::StrCat(StateText(node.state), node.state_note.empty() ? "" : ", ", node.state_note);
    add(absl::StrCat("[", CutToWidth(EscapeControls(state), cells - 2), "]"));
  }
  // Odd, so that there is a middle.
  box.width += 4 + (box.width % 2 == 0 ? 1 : 0);
  box.height = static_cast<int>(box.lines.size()) + 2;
  return box;
}

class Drawer {
 public:
  Drawer(const Picture& picture, const Layers& layers, const TextPictureOptions& options, int cells)
      : picture_(picture), layers_(layers), options_(options) {
    for (const PictureNode& node : picture.nodes) boxes_.push_back(BoxOf(node, cells));
    Place();
  }

  bool Fits() const { return width_ <= options_.width; }

  // False: lines would have to wind around each other.
  bool Draw(std::string& out) {
    for (std::size_t layer = 0; layer < layers_.layers.size(); ++layer) {
      DrawLayer(layer, out);
      if (layer + 1 < layers_.layers.size() && !DrawChannel(layer, out)) return false;
    }
    return true;
  }

 private:
  int WidthOf(std::uint32_t vertex) const {
    return layers_.is_bend(vertex) ? 1 : boxes_[vertex].width;
  }
  int LeftOf(std::uint32_t vertex) const { return middle_[vertex] - WidthOf(vertex) / 2; }

  // Whole cells, in order, neighbours apart; what is nearly straight becomes straight.
  void Place() {
    std::vector<double> widths;
    for (const Box& box : boxes_) widths.push_back(box.width);
    const std::vector<double> places = PlaceAlongLayers(
        layers_, {.widths = widths, .bend_width = 1, .gap = kGap, .bend_gap = kGap});
    middle_.resize(places.size());
    for (std::size_t i = 0; i < places.size(); ++i) middle_[i] = static_cast<int>(places[i]);
    for (const auto& layer : layers_.layers) Separate(layer);
    for (const auto& layer : layers_.layers) Straighten(layer);
    for (std::uint32_t i = 0; i < middle_.size(); ++i) {
      width_ = std::max(width_, LeftOf(i) + WidthOf(i));
    }
  }

  void Separate(const std::vector<std::uint32_t>& layer) {
    int free = 0;
    for (const std::uint32_t vertex : layer) {
      middle_[vertex] = std::max(middle_[vertex], free + WidthOf(vertex) / 2);
      free = middle_[vertex] + (WidthOf(vertex) + 1) / 2 + kGap;
    }
  }

  void Straighten(const std::vector<std::uint32_t>& layer) {
    constexpr int kNear = 3;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      const auto parents = layers_.graph.ParentsOf(layer[i]);
      if (parents.size() != 1) continue;
      const int wish = middle_[parents[0]];
      const int half = WidthOf(layer[i]) / 2;
      const int low = i == 0 ? half : LeftOf(layer[i - 1]) + WidthOf(layer[i - 1]) + kGap + half;
      const int high = i + 1 == layer.size() ? wish : LeftOf(layer[i + 1]) - kGap - half - 1;
      if (std::abs(wish - middle_[layer[i]]) <= kNear && wish >= low && wish <= high) {
        middle_[layer[i]] = wish;
      }
    }
  }

  // Where the nets that lead to a vertex reach it: each at a place of its own about its middle, so
  // that nobody takes the lines of one for those of another; beside the middle where lines come
  // down from right above that lead elsewhere. False: it is not wide enough.
  bool SetPorts(std::uint32_t vertex, std::vector<ChannelNet*> nets,
                const std::map<int, const ChannelNet*>& sources) const {
    const int count = static_cast<int>(nets.size());
    const int room = layers_.is_bend(vertex) ? 1 : WidthOf(vertex) - 2;
    if (count > room) return false;
    std::ranges::stable_sort(nets, {}, [](const ChannelNet* net) { return net->sources.front(); });
    const int step = 2 * count - 1 <= room ? 2 : 1;
    const int first = middle_[vertex] - step * (count - 1) / 2;
    const int slack = (room - 1 - step * (count - 1)) / 2;
    const auto is_free = [&](int from) {
      for (int i = 0; i < count; ++i) {
        const auto above = sources.find(from + step * i);
        if (above != sources.end() && above->second != nets[static_cast<std::size_t>(i)]) {
          return false;
        }
      }
      return true;
    };
    int shift = 0;
    for (const int other : {1, -1}) {
      if (!is_free(first + shift) && slack > 0 && is_free(first + other)) shift = other;
    }
    for (int i = 0; i < count; ++i) {
      nets[static_cast<std::size_t>(i)]->targets.push_back(first + shift + step * i);
    }
    return true;
  }

  void DrawLayer(std::size_t index, std::string& out) {
    int height = 1;
    for (const std::uint32_t vertex : layers_.layers[index]) {
      if (!layers_.is_bend(vertex)) height = std::max(height, boxes_[vertex].height);
    }
    TextCanvas canvas(width_, height);
    for (const std::uint32_t vertex : layers_.layers[index]) {
      const bool leads_on = !layers_.graph.ChildrenOf(vertex).empty();
      if (layers_.is_bend(vertex)) {
        canvas.AddVertical(middle_[vertex], 0, height - 1, vertex + 1);
        continue;
      }
      DrawBox(vertex, canvas);
      if (leads_on) {
        canvas.AddVertical(middle_[vertex], boxes_[vertex].height, height - 1, vertex + 1);
      }
    }
    canvas.Print(options_.style, out);
  }

  void DrawBox(std::uint32_t node, TextCanvas& canvas) const {
    const Box& box = boxes_[node];
    const int left = LeftOf(node);
    const int right = left + box.width - 1;
    const int bottom = box.height - 1;
    if (picture_.nodes[node].critical) {
      DrawHeavyFrame(node, canvas);
    } else {
      canvas.AddHorizontal(0, left, right, node + 1);
      canvas.AddHorizontal(bottom, left, right, node + 1);
      for (const int column : {left, right}) {
        canvas.AddLine(column, 0, TextCanvas::kDown, node + 1);
        canvas.AddVertical(column, 1, bottom - 1, node + 1);
        canvas.AddLine(column, bottom, TextCanvas::kUp, node + 1);
      }
      if (!layers_.graph.ChildrenOf(node).empty()) {
        canvas.AddLine(middle_[node], bottom, TextCanvas::kDown, node + 1);
      }
    }
    for (int row = 0; row < static_cast<int>(box.lines.size()); ++row) {
      const std::string& line = box.lines[static_cast<std::size_t>(row)];
      canvas.Write(left + (box.width - DisplayWidth(line)) / 2, row + 1, line);
    }
  }

  void DrawHeavyFrame(std::uint32_t node, TextCanvas& canvas) const {
    const bool unicode = options_.style == TextStyle::kUnicode;
    const int left = LeftOf(node);
    const int right = left + boxes_[node].width - 1;
    const int bottom = boxes_[node].height - 1;
    for (int column = left + 1; column < right; ++column) {
      canvas.Write(column, 0, unicode ? "━" : "=");
      canvas.Write(column, bottom, unicode ? "━" : "=");
    }
    for (int row = 1; row < bottom; ++row) {
      canvas.Write(left, row, unicode ? "┃" : "#");
      canvas.Write(right, row, unicode ? "┃" : "#");
    }
    canvas.Write(left, 0, unicode ? "┏" : "#");
    canvas.Write(right, 0, unicode ? "┓" : "#");
    canvas.Write(left, bottom, unicode ? "┗" : "#");
    canvas.Write(right, bottom, unicode ? "┛" : "#");
    if (!layers_.graph.ChildrenOf(node).empty()) {
      canvas.Write(middle_[node], bottom, unicode ? "┯" : "+");
    }
  }

  // What leads from one layer to the next, with its places; nullopt: a step is not wide enough.
  std::optional<std::vector<ChannelNet>> NetsBehind(std::size_t index) const {
    std::map<std::vector<std::uint32_t>, ChannelNet> by_targets;
    for (const std::uint32_t vertex : layers_.layers[index]) {
      const auto children = layers_.graph.ChildrenOf(vertex);
      if (children.empty()) continue;
      by_targets[{children.begin(), children.end()}].sources.push_back(middle_[vertex]);
    }
    std::map<int, const ChannelNet*> sources;
    std::map<std::uint32_t, std::vector<ChannelNet*>> reaching;
    for (auto& [targets, net] : by_targets) {
      for (const int column : net.sources) sources[column] = &net;
      for (const std::uint32_t target : targets) reaching[target].push_back(&net);
    }
    for (const auto& [target, nets] : reaching) {
      if (!SetPorts(target, nets, sources)) return std::nullopt;
    }
    std::vector<ChannelNet> nets;
    for (auto& [targets, net] : by_targets) nets.push_back(std::move(net));
    std::ranges::sort(nets, {}, [](const ChannelNet& net) { return net.left(); });
    return nets;
  }

  bool DrawChannel(std::size_t index, std::string& out) {
    std::optional<std::vector<ChannelNet>> nets = NetsBehind(index);
    if (!nets) return false;
    const std::optional<int> rows = AssignRows(*nets);
    if (!rows) return false;
    TextCanvas canvas(width_, *rows + 1);
    std::set<int> bends;
    for (const std::uint32_t vertex : layers_.layers[index + 1]) {
      if (layers_.is_bend(vertex)) bends.insert(middle_[vertex]);
    }
    for (std::uint32_t i = 0; i < nets->size(); ++i) {
      DrawNet((*nets)[i], i + 1, *rows, canvas);
      for (const int column : (*nets)[i].targets) {
        if (bends.contains(column)) continue;
        canvas.Write(column, *rows, options_.style == TextStyle::kUnicode ? "▼" : "v");
      }
    }
    canvas.Print(options_.style, out);
    return true;
  }

  static void DrawNet(const ChannelNet& net, std::uint32_t owner, int last_row,
                      TextCanvas& canvas) {
    if (!net.row) {
      canvas.AddVertical(net.sources[0], 0, last_row, owner);
      return;
    }
    canvas.AddHorizontal(*net.row, net.left(), net.right(), owner);
    for (const int column : net.sources) {
      canvas.AddVertical(column, 0, *net.row - 1, owner);
      canvas.AddLine(column, *net.row, TextCanvas::kUp, owner);
    }
    for (const int column : net.targets) {
      canvas.AddLine(column, *net.row, TextCanvas::kDown, owner);
      canvas.AddVertical(column, *net.row + 1, last_row, owner);
    }
  }

  const Picture& picture_;
  const Layers& layers_;
  const TextPictureOptions& options_;
  std::vector<Box> boxes_;
  // Of each vertex, in cells.
  std::vector<int> middle_;
  int width_ = 1;
};

}  // namespace

std::optional<std::string> DrawTextBoxes(const Picture& picture,
                                         const TextPictureOptions& options) {
  Layers layers = MakeLayers(picture);
  if (!layers.free_edges.empty()) return std::nullopt;
  for (const auto& layer : layers.layers) {
    std::size_t cells = 0;
    for (const std::uint32_t vertex : layer) {
      cells += layers.is_bend(vertex) ? 1 : kCellsPerStepMin;
    }
    if (cells > static_cast<std::size_t>(options.width)) return std::nullopt;
  }
  ReduceCrossings(layers);
  for (const int cells : kTextCells) {
    Drawer drawer(picture, layers, options, cells);
    std::string out;
    if (drawer.Fits() && drawer.Draw(out)) return out;
  }
  return std::nullopt;
}

}  // namespace tasker::cli

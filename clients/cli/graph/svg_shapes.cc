#include "clients/cli/graph/svg_shapes.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/graph/palette.h"
#include "clients/cli/state_text.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/utf8.h"

namespace tasker::cli {
namespace {

constexpr int kNameCellsMax = 40;
constexpr int kLineCellsMax = 46;
// Pixels. Monospaced fonts are 0.6 of their size wide, some a little more.
constexpr double kNameCell = 13 * 0.61;
constexpr double kLineCell = 11 * 0.61;
constexpr double kNameHeight = 18;
constexpr double kLineHeight = 15;
constexpr double kPadding = 8;
constexpr double kWidthMin = 72;

// Beyond the text at both ends together, so that no corner cuts it.
double Margin(NodeKind kind) {
  switch (kind) {
    case NodeKind::kDecision:
      return 44;
    case NodeKind::kSubTask:
    case NodeKind::kWait:
      return 34;
    case NodeKind::kOnFailure:
      return 32;
    default:
      return 24;
  }
}

std::string Points(std::initializer_list<std::pair<double, double>> points) {
  return absl::StrJoin(points, " ", [](std::string* out, const auto& point) {
    absl::StrAppend(out, SvgNumber(point.first), ",", SvgNumber(point.second));
  });
}

void Polygon(const std::string& points, std::string_view classes, std::string& out) {
  absl::StrAppend(&out, "<polygon class=\"", std::string(classes), "\" points=\"", points, "\"/>");
}

void Rectangle(double left, double top, double width, double height, double corner,
               std::string_view classes, std::string& out) {
  absl::StrAppend(&out, "<rect class=\"", std::string(classes), "\" x=\"", SvgNumber(left),
                  "\" y=\"", SvgNumber(top), "\" width=\"", SvgNumber(width));
  absl::StrAppend(&out, "\" height=\"", SvgNumber(height), "\" rx=\"", SvgNumber(corner), "\"/>");
}

void Text(double x, double y, std::string_view classes, const std::string& text, std::string& out) {
  absl::StrAppend(&out, "<text class=\"", std::string(classes), "\" x=\"", SvgNumber(x), "\" y=\"",
                  SvgNumber(y), "\">", text, "</text>");
}

constexpr std::string_view kStyles = R"svg(<style>
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;text-anchor:middle;fill:#0f172a}
.n{font-size:13px;font-weight:600}
.l{font-size:11px;fill:#475569}
.t{font-size:16px;font-weight:700;text-anchor:start}
.u,.k{font-size:12px;fill:#475569;text-anchor:start}
.b{stroke-width:1.4;stroke:#475569;fill:#fff}
.b.c{stroke:#ea580c;stroke-width:3}
)svg";

constexpr std::string_view kLineStylesAndHeads = R"svg(.dashed{stroke-dasharray:6 3}
.e{fill:none;stroke:#64748b;stroke-width:1.3}
.choice{stroke-dasharray:6 4}
.undoes{stroke:#e11d48;stroke-dasharray:2 4}
.e.c{stroke:#ea580c;stroke-width:2.8}
.a{marker-end:url(#a)}
.a.c{marker-end:url(#c)}
.a.undoes{marker-end:url(#u)}
</style><defs>
<marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.6 8 4 0 7.4z" fill="#64748b"/></marker>
<marker id="c" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="13" markerHeight="13" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.6 8 4 0 7.4z" fill="#ea580c"/></marker>
<marker id="u" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.6 8 4 0 7.4z" fill="#e11d48"/></marker>
</defs>
)svg";

}  // namespace

std::string SvgDefinitions() {
  std::string out(kStyles);
  for (const Paint& paint : Paints()) {
    absl::StrAppend(&out, ".", std::string(paint.name), "{fill:", std::string(paint.fill),
                    ";stroke:", std::string(paint.line));
    if (!paint.dashes.empty()) {
      absl::StrAppend(&out, ";stroke-dasharray:", std::string(paint.dashes));
    }
    out += "}\n";
  }
  out += kLineStylesAndHeads;
  return out;
}

std::string XmlText(std::string_view text) {
  const std::string visible = EscapeControls(text);
  std::string xml;
  for (std::size_t position = 0; position < visible.size();) {
    const std::size_t start = position;
    const char32_t c = DecodeUtf8(visible, position).value_or(U'?');
    switch (c) {
      case '&':
        xml += "&amp;";
        break;
      case '<':
        xml += "&lt;";
        break;
      case '>':
        xml += "&gt;";
        break;
      case '"':
        xml += "&quot;";
        break;
      case '\'':
        xml += "&#39;";
        break;
      // No characters to XML, in whatever form.
      case 0xFFFE:
        xml += "\\ufffe";
        break;
      case 0xFFFF:
        xml += "\\uffff";
        break;
      default:
        xml += visible.substr(start, position - start);
    }
  }
  return xml;
}

std::string SvgNumber(double value) { return absl::StrCat(std::round(value * 10) / 10); }

std::string SvgLineClass(EdgeKind kind, bool critical) {
  std::string classes = "e";
  if (kind == EdgeKind::kChoice) classes += " choice";
  if (kind == EdgeKind::kUndo) classes += " undoes";
  if (critical) classes += " c";
  return classes;
}

double SvgNameWidth(std::string_view text) { return DisplayWidth(text) * kNameCell; }

void DrawSvgShape(NodeKind kind, bool many, double x, double y, double width, double height,
                  std::string_view classes, std::string& out) {
  const double left = x - width / 2;
  const double right = x + width / 2;
  const double top = y - height / 2;
  const double bottom = y + height / 2;
  const double corner = std::min(14.0, height / 2);
  if (many) {
    Rectangle(left + 6, top + 6, width, height, 6, classes, out);
    Rectangle(left + 3, top + 3, width, height, 6, classes, out);
  }
  switch (kind) {
    case NodeKind::kDecision:
      Polygon(Points({{left, y},
                      {left + corner, top},
                      {right - corner, top},
                      {right, y},
                      {right - corner, bottom},
                      {left + corner, bottom}}),
              classes, out);
      return;
    case NodeKind::kOnFailure: {
      const double cut = std::min(9.0, height / 3);
      Polygon(Points({{left + cut, top},
                      {right - cut, top},
                      {right, top + cut},
                      {right, bottom - cut},
                      {right - cut, bottom},
                      {left + cut, bottom},
                      {left, bottom - cut},
                      {left, top + cut}}),
              classes, out);
      return;
    }
    case NodeKind::kWait:
      Rectangle(left, top, width, height, height / 2, classes, out);
      return;
    case NodeKind::kSubTask:
      Rectangle(left, top, width, height, 2, classes, out);
      Rectangle(left + 6, top, width - 12, height, 0, classes, out);
      return;
    case NodeKind::kUndo:
      Rectangle(left, top, width, height, 6, absl::StrCat(std::string(classes), " dashed"), out);
      return;
    case NodeKind::kHandler:
      Rectangle(left, top, width, height, 6, classes, out);
  }
}

SvgBox::SvgBox(const PictureNode& node) : node_(&node) {
  const auto fit = [this](const std::string& text, int cells) {
    const std::string visible = EscapeControls(text);
    std::string cut = CutToWidth(visible, cells);
    cut_ = cut_ || cut != visible;
    return cut;
  };
  name_ = CutInTheMiddle(EscapeControls(node.name), kNameCellsMax);
  cut_ = name_ != EscapeControls(node.name);
  for (const std::string& note : node.notes) lines_.push_back(fit(note, kLineCellsMax));
  if (node.state != v1::STEP_STATE_UNSPECIFIED) {
    lines_.push_back(fit(
        absl::StrCat(StateText(node.state), node.state_note.empty() ? "" : ", ", node.state_note),
        kLineCellsMax));
  }
  double text = SvgNameWidth(name_);
  for (const std::string& line : lines_) text = std::max(text, DisplayWidth(line) * kLineCell);
  width_ = std::max(kWidthMin, std::ceil(text + Margin(node.kind)));
  height_ = kNameHeight + kLineHeight * static_cast<double>(lines_.size()) + 2 * kPadding;
}

void SvgBox::Draw(double x, double y, std::string& out) const {
  out += "<g>";
  if (cut_) {
    std::vector<std::string> whole = {XmlText(node_->name)};
    for (const std::string& note : node_->notes) whole.push_back(XmlText(note));
    absl::StrAppend(&out, "<title>", absl::StrJoin(whole, "\n"), "</title>");
  }
  const std::string classes = absl::StrCat(
      "b ", std::string(PaintOf(node_->state, node_->kind).name), node_->critical ? " c" : "");
  DrawSvgShape(node_->kind, node_->many, x, y, width_, height_, classes, out);
  double line = y - height_ / 2 + kPadding + 13.5;
  Text(x, line, "n", XmlText(name_), out);
  for (const std::string& text : lines_) Text(x, line += kLineHeight, "l", XmlText(text), out);
  out += "</g>\n";
}

}  // namespace tasker::cli

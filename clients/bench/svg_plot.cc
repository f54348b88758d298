#include "clients/bench/svg_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tasker::bench {
namespace {

// In pixels: the picture, and the field inside it.
constexpr double kWidth = 720;
constexpr double kHeight = 400;
constexpr double kLeft = 76;
constexpr double kRight = 20;
constexpr double kTop = 46;
constexpr double kBottom = 56;

constexpr char kStyle[] = R"(<style>
  text { font: 12px system-ui, sans-serif; fill: #57606a; }
  .title { font-size: 15px; font-weight: 600; fill: #1f2328; }
  .ground { fill: #ffffff; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .axis { stroke: #57606a; stroke-width: 1; }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
  .c0 { stroke: #0969da; } .p0 { fill: #0969da; }
  .c1 { stroke: #bc4c00; } .p1 { fill: #bc4c00; }
  .c2 { stroke: #1a7f37; } .p2 { fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
    .title { fill: #f0f6fc; }
    .ground { fill: #0d1117; }
    .grid { stroke: #30363d; }
    .axis { stroke: #9198a1; }
    .c0 { stroke: #4493f8; } .p0 { fill: #4493f8; }
    .c1 { stroke: #f0883e; } .p1 { fill: #f0883e; }
    .c2 { stroke: #3fb950; } .p2 { fill: #3fb950; }
  }
</style>
)";
constexpr std::size_t kColours = 3;

std::string Escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

// From values to pixels along one axis.
class Axis {
 public:
  Axis(Scale scale, double low, double high, double from, double to)
      : scale_(scale), low_(low), high_(high), from_(from), to_(to) {}
  double At(double value) const {
    double share = 0;
    if (scale_ == Scale::kLogarithmic) {
      share = (std::log10(std::max(value, low_)) - std::log10(low_)) /
              (std::log10(high_) - std::log10(low_));
    } else {
      share = (value - low_) / (high_ - low_);
    }
    return from_ + share * (to_ - from_);
  }
  std::vector<double> Marks() const { return Ticks(scale_, low_, high_); }

 private:
  const Scale scale_;
  const double low_;
  const double high_;
  const double from_;
  const double to_;
};

double RoundStep(double span, int parts) {
  const double raw = span / parts;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double round : {1.0, 2.0, 5.0}) {
    if (raw <= round * power) return round * power;
  }
  return 10 * power;
}

Axis AxisFor(Scale scale, const std::vector<double>& values, bool from_zero, double from,
             double to) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double value : values) {
    if (scale == Scale::kLogarithmic && value <= 0) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (!std::isfinite(low)) low = high = 1;
  if (scale == Scale::kLogarithmic) {
    // Whole powers of ten, and one below for what cannot stand on such an axis.
    const bool below = std::ranges::any_of(values, [](double value) { return value <= 0; });
    low = std::pow(10, std::floor(std::log10(low)) - (below ? 1 : 0));
    high = std::pow(10, std::ceil(std::log10(high)));
    if (high <= low) high = low * 10;
  } else {
    if (from_zero) low = std::min(low, 0.0);
    if (high <= low) high = low + 1;
    const double step = RoundStep(high - low, 5);
    high = std::ceil(high / step) * step;
  }
  return Axis(scale, low, high, from, to);
}

void AddAxes(const Plot& plot, const Axis& x, const Axis& y, std::string& svg) {
  const double right = kWidth - kRight;
  const double bottom = kHeight - kBottom;
  for (const double mark : y.Marks()) {
    absl::StrAppendFormat(&svg,
                          "<line class=\"grid\" x1=\"%g\" y1=\"%.1f\" x2=\"%g\" y2=\"%.1f\"/>\n",
                          kLeft, y.At(mark), right, y.At(mark));
    absl::StrAppendFormat(&svg, "<text x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                          kLeft - 8, y.At(mark) + 4, ShortNumber(mark));
  }
  for (const double mark : x.Marks()) {
    absl::StrAppendFormat(&svg,
                          "<line class=\"grid\" x1=\"%.1f\" y1=\"%g\" x2=\"%.1f\" y2=\"%g\"/>\n",
                          x.At(mark), kTop, x.At(mark), bottom);
    absl::StrAppendFormat(&svg, "<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%s</text>\n",
                          x.At(mark), bottom + 18, ShortNumber(mark));
  }
  absl::StrAppendFormat(&svg, "<path class=\"axis\" fill=\"none\" d=\"M%g %gV%gH%g\"/>\n", kLeft,
                        kTop, bottom, right);
  absl::StrAppendFormat(&svg, "<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">%s</text>\n",
                        (kLeft + right) / 2, kHeight - 14, Escaped(plot.x_label));
  absl::StrAppendFormat(
      &svg,
      "<text x=\"18\" y=\"%g\" text-anchor=\"middle\" transform=\"rotate(-90 18 %g)\">%s</text>\n",
      (kTop + bottom) / 2, (kTop + bottom) / 2, Escaped(plot.y_label));
}

void AddLine(const PlotLine& line, std::size_t number, const Axis& x, const Axis& y,
             std::string& svg) {
  const std::size_t colour = number % kColours;
  std::string path;
  for (const auto& [at, value] : line.points) {
    absl::StrAppendFormat(&path, "%c%.1f %.1f", path.empty() ? 'M' : 'L', x.At(at), y.At(value));
  }
  absl::StrAppendFormat(&svg, "<path class=\"line c%d\" d=\"%s\"/>\n", colour, path);
  for (const auto& [at, value] : line.points) {
    absl::StrAppendFormat(&svg,
                          "<circle class=\"p%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"><title>%g: "
                          "%g</title></circle>\n",
                          colour, x.At(at), y.At(value), at, value);
  }
}

void AddLegend(const Plot& plot, std::string& svg) {
  double at = kLeft + 10;
  for (std::size_t i = 0; i < plot.lines.size(); ++i) {
    absl::StrAppendFormat(&svg,
                          "<circle class=\"p%d\" cx=\"%g\" cy=\"38\" r=\"4\"/>"
                          "<text x=\"%g\" y=\"42\">%s</text>\n",
                          i % kColours, at, at + 9, Escaped(plot.lines[i].name));
    at += 30 + 7 * static_cast<double>(plot.lines[i].name.size());
  }
}

}  // namespace

std::string ToSvg(const Plot& plot) {
  std::vector<double> xs;
  std::vector<double> ys;
  for (const PlotLine& line : plot.lines) {
    for (const auto& [at, value] : line.points) {
      xs.push_back(at);
      ys.push_back(value);
    }
  }
  const Axis x = AxisFor(plot.x_scale, xs, false, kLeft, kWidth - kRight);
  const Axis y = AxisFor(plot.y_scale, ys, true, kHeight - kBottom, kTop);
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
      "role=\"img\">\n<title>%s</title>\n%s<rect class=\"ground\" width=\"%g\" height=\"%g\"/>\n"
      "<text class=\"title\" x=\"%g\" y=\"24\">%s</text>\n",
      kWidth, kHeight, kWidth, kHeight, Escaped(plot.title), kStyle, kWidth, kHeight, kLeft,
      Escaped(plot.title));
  AddAxes(plot, x, y, svg);
  for (std::size_t i = 0; i < plot.lines.size(); ++i) AddLine(plot.lines[i], i, x, y, svg);
  if (plot.lines.size() > 1) AddLegend(plot, svg);
  return svg + "</svg>\n";
}

std::vector<double> Ticks(Scale scale, double low, double high) {
  std::vector<double> marks;
  if (scale == Scale::kLogarithmic) {
    const double last = std::floor(std::log10(high) + 1e-9);
    for (double power = std::ceil(std::log10(low) - 1e-9); power <= last; ++power) {
      marks.push_back(std::pow(10, power));
    }
    return marks;
  }
  const double step = RoundStep(high - low, 5);
  const double last = std::floor(high / step + 1e-9);
  for (double i = std::ceil(low / step - 1e-9); i <= last; ++i) marks.push_back(i * step);
  return marks;
}

std::string ShortNumber(double value) {
  const double size = std::abs(value);
  if (size >= 1e9) return absl::StrFormat("%gG", value / 1e9);
  if (size >= 1e6) return absl::StrFormat("%gM", value / 1e6);
  if (size >= 1e4) return absl::StrFormat("%gk", value / 1e3);
  if (size >= 1e3) {
    const int whole = static_cast<int>(std::lround(size));
    return absl::StrFormat("%s%d,%03d", value < 0 ? "-" : "", whole / 1000, whole % 1000);
  }
  return absl::StrFormat("%g", value);
}

}  // namespace tasker::bench

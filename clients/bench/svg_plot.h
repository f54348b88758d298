// Pictures of figures: lines over logarithmic or linear axes, as SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tasker::bench {

// How an axis is divided.
enum class Scale { kLinear, kLogarithmic };

// One of a plot's lines.
struct PlotLine {
  // For the legend, which is there if there are several.
  std::string name;
  // In ascending order of x. On a logarithmic axis what is not positive stands at its beginning.
  std::vector<std::pair<double, double>> points;
};

// What is drawn.
struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  Scale x_scale = Scale::kLogarithmic;
  // A linear y axis begins at 0.
  Scale y_scale = Scale::kLinear;
  std::vector<PlotLine> lines;
};

// A document that is readable on light and dark ground alike: it follows what the viewer prefers.
// Every point says its values when it is pointed at. Precondition: at least one point.
std::string ToSvg(const Plot& plot);

// Where an axis from `low` to `high` has its marks: powers of ten, or 4 to 9 round numbers.
// Precondition: low < high, and low > 0 on a logarithmic one.
std::vector<double> Ticks(Scale scale, double low, double high);

// `1`, `2,500`, `10k`, `1.5M`: short enough for a mark.
std::string ShortNumber(double value);

}  // namespace tasker::bench

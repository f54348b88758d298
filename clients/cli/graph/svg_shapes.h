// What SVG pictures are made of: text, boxes, colours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/graph/picture.h"

namespace tasker::cli {

// The styles of all that the other functions make, and the heads of arrows, for the document's
// beginning.
std::string SvgDefinitions();

// `text` for XML, in attributes and between tags.
std::string XmlText(std::string_view text);

// `value` in few digits.
std::string SvgNumber(double value);

// A box with its text, measured before it is placed.
class SvgBox {
 public:
  explicit SvgBox(const PictureNode& node);

  double width() const { return width_; }
  double height() const { return height_; }

  // With its middle at (x, y). Appends to `out`.
  void Draw(double x, double y, std::string& out) const;

 private:
  const PictureNode* node_;
  std::string name_;
  std::vector<std::string> lines_;
  bool cut_ = false;
  double width_ = 0;
  double height_ = 0;
};

// The outline alone, as in a legend. `classes` say how it is filled and drawn.
void DrawSvgShape(NodeKind kind, bool many, double x, double y, double width, double height,
                  std::string_view classes, std::string& out);

// The class of lines.
std::string SvgLineClass(EdgeKind kind, bool critical);

// What a box is wide with `text` at the size of names.
double SvgNameWidth(std::string_view text);

}  // namespace tasker::cli

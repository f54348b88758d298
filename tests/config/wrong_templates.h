// The table of wrong templates: wrong_templates.txt.
#pragma once

#include <string>
#include <vector>

namespace tasker::config {

struct WrongTemplate {
  std::string title;
  std::string yaml;
  // All that is said of it as `t.yaml` in environment `e`, a line each.
  std::string said;
};

// Each begins with `=== TITLE`; its text goes up to `>>>`, and what is said of it up to the next.
std::vector<WrongTemplate> WrongTemplates();

}  // namespace tasker::config

#include "tests/config/wrong_templates.h"

#include <sstream>

#include "tests/config/read_file.h"

namespace tasker::config {

std::vector<WrongTemplate> WrongTemplates() {
  std::istringstream file(ReadFile(SourcePath("tests/config/wrong_templates.txt")));
  std::vector<WrongTemplate> table;
  bool in_yaml = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      table.push_back({line.substr(4), "", ""});
      in_yaml = true;
    } else if (line == ">>>") {
      in_yaml = false;
    } else if (!table.empty()) {
      (in_yaml ? table.back().yaml : table.back().said) += line + "\n";
    }
  }
  return table;
}

}  // namespace tasker::config

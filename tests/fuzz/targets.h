// What is fuzzed: functions that take any bytes and must neither crash nor hang.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tasker::fuzz {

struct Target {
  // Of its folder in corpus/, and of the program `fuzz_NAME`.
  std::string name;
  // Ends the process if something that must hold does not.
  void (*run)(std::string_view bytes);
};

// Keys of the store, tokens of attempts, cursors, page tokens, ids: what is read says again what
// was written.
void FuzzNames(std::string_view bytes);
// A store with hostile rows: all that reads from it; a partition that takes up the task in it and
// is given commands. See store_input.h for what the bytes mean.
void FuzzStore(std::string_view bytes);
// A line of an export, for each kind of record.
void FuzzJson(std::string_view bytes);
// A template's YAML, with all the expressions and schemas in it.
void FuzzTemplate(std::string_view bytes);

inline const std::vector<Target>& Targets() {
  static const auto* const targets = new std::vector<Target>{
      {"names", FuzzNames}, {"store", FuzzStore}, {"json", FuzzJson}, {"template", FuzzTemplate}};
  return *targets;
}

}  // namespace tasker::fuzz

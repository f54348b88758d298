// The options that say which events are meant.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"

#include "tasker/v1/event.pb.h"

namespace tasker::cli {

// Must outlive the parsing.
class EventFilterOptions {
 public:
  void AddTo(CLI::App& command);

  // As given; the service checks it.
  v1::EventFilter Filter() const;

 private:
  std::vector<std::string> names_;
  std::vector<std::string> task_ids_;
  std::vector<std::string> categories_;
  std::vector<std::string> tags_;
  std::vector<std::uint32_t> priorities_;
  std::string namespace_;
  std::string task_name_;
  std::string where_;
};

}  // namespace tasker::cli

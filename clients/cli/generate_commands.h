// `tasker generate`: handlers, templates and their tests, written into a project.
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"

#include "clients/cli/generate/plan.h"
#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to an app. Must outlive the parsing and the action that it sets. None of them
// connects to a service.
class GenerateCommands {
 public:
  GenerateCommands(CLI::App& app, Session& session);

 private:
  void AddTask(CLI::App& group);
  void AddStep(CLI::App& group, const std::string& name, const std::string& about, bool api);
  void AddSubscriber(CLI::App& group);
  // The options of all.
  void AddCommon(CLI::App& command);

  absl::StatusOr<generate::Plan> PlanTask(const generate::Setting& setting) const;
  absl::StatusOr<generate::Plan> PlanStep(const generate::Setting& setting, bool api) const;
  absl::StatusOr<generate::Plan> PlanSubscriber(const generate::Setting& setting) const;

  using Planner = std::function<absl::StatusOr<generate::Plan>(const generate::Setting&)>;
  ExitCode Generate(const Planner& planner);
  absl::StatusOr<generate::Setting> ReadSetting() const;
  ExitCode Report(const absl::Status& status);
  void Print(const std::vector<generate::FileOutcome>& outcomes,
             const std::vector<std::string>& notes);

  Session& session_;
  std::string name_;
  std::string language_;
  std::string directory_ = ".";
  std::string namespace_;
  std::string template_file_;
  std::vector<std::string> steps_;
  std::vector<std::string> depends_on_;
  std::vector<std::string> events_;
  bool force_ = false;
  bool dry_run_ = false;
};

}  // namespace tasker::cli

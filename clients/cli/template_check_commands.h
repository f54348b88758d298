// `tasker template resolve|lint|diff`: what can be said of template files without a service.
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"
#include "config/template_loader.h"

namespace tasker::cli {

// Adds its commands to the group `template`, and keeps what they are given. Must live until the
// session's action has run.
class TemplateCheckCommands {
 public:
  // `group` is the command `template`.
  TemplateCheckCommands(CLI::App& group, Session& session);

 private:
  void AddResolve(CLI::App& group);
  void AddLint(CLI::App& group);
  void AddDiff(CLI::App& group);

  ExitCode Resolve();
  ExitCode Lint();
  ExitCode Diff(Connection& connection);

  // As given on the command line, with the variables of this process.
  config::TemplateOptions OptionsFor(const std::string& file) const;
  // The text of `file`; nullopt, with a line on stderr, if it cannot be read.
  std::optional<std::string> Read(const std::string& file);
  // The text that the service has under the namespace, name and version of `source`, or under the
  // highest version if it has not that one.
  absl::StatusOr<std::string> Applied(Connection& connection, const std::string& file,
                                      const std::string& source);

  Session& session_;
  std::string file_;
  std::vector<std::string> files_;
  std::string environment_;
  std::string other_;
  bool strict_ = false;
  bool strict_variables_ = false;
  bool mask_ = false;
  bool as_json_ = false;
};

}  // namespace tasker::cli

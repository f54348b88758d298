// `tasker status`, `tasker retention run`, `tasker backup create|list|verify|restore`.
#pragma once

#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"
#include "tasker/v1/admin_service.pb.h"

namespace tasker::cli {

// Adds its commands to an app. Must outlive the parsing and the action that it sets.
class AdminCommands {
 public:
  AdminCommands(CLI::App& app, Session& session);

 private:
  ExitCode Status(Connection& connection);
  ExitCode RunRetention(Connection& connection);
  ExitCode CreateBackup(Connection& connection);
  ExitCode ListBackups(Connection& connection);
  ExitCode VerifyBackup(Connection& connection);
  // Needs no service: becomes `taskerd --restore-backup`, so returns only if that cannot be
  // started.
  ExitCode RestoreBackup(Connection& connection);

  Session& session_;
  v1::RunRetentionRequest retention_request_;
  std::uint32_t backup_id_ = 0;
  std::string backups_folder_;
  std::string data_folder_;
};

}  // namespace tasker::cli

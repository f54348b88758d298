#include "clients/cli/admin_commands.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

// Work on the whole store takes as long as the store is large.
constexpr absl::Duration kWholeStore = absl::Hours(24);

std::unique_ptr<grpc::ClientContext> NewLongCall() {
  auto call = std::make_unique<grpc::ClientContext>();
  call->set_deadline(absl::ToChronoTime(absl::Now() + kWholeStore));
  return call;
}

void AddRow(const v1::Backup& backup, Table& table) {
  table.AddRow({absl::StrCat(backup.backup_id()),
                TimeText(backup.has_created_at(), backup.created_at()),
                absl::StrCat(backup.bytes()), absl::StrCat(backup.files())});
}

Table BackupTable() { return Table({"BACKUP", "CREATED", "BYTES", "FILES"}); }

// The taskerd that stands beside this program, else the first in PATH.
std::string TaskerdPath() {
  std::error_code error;
  const auto beside =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "taskerd";
  return std::filesystem::exists(beside, error) ? beside.string() : "taskerd";
}

}  // namespace

AdminCommands::AdminCommands(CLI::App& app, Session& session) : session_(session) {
  const auto runs = [this](CLI::App* command, ExitCode (AdminCommands::*act)(Connection&)) {
    command->callback([this, act] {
      session_.action = [this, act](Connection& connection) { return (this->*act)(connection); };
    });
    return command;
  };
  runs(app.add_subcommand("status", "Tell how the service is"), &AdminCommands::Status);

  CLI::App* retention = app.add_subcommand("retention", "Remove what has been kept long enough");
  retention->require_subcommand(0, 1);
  runs(retention->add_subcommand("run", "Do at once what the settings' `retention` says"),
       &AdminCommands::RunRetention)
      ->add_flag_callback(
          "--dry-run", [this] { retention_request_.set_dry_run(true); },
          "Only tell what would be removed");

  CLI::App* backup = app.add_subcommand("backup", "Back the store up, and restore it");
  backup->require_subcommand(0, 1);
  runs(backup->add_subcommand("create", "Add a backup, while the service works"),
       &AdminCommands::CreateBackup);
  runs(backup->add_subcommand("list", "List the backups"), &AdminCommands::ListBackups);
  runs(backup->add_subcommand("verify", "Read a whole backup and compare its checksums"),
       &AdminCommands::VerifyBackup)
      ->add_option("BACKUP", backup_id_, "Its number")
      ->required();
  CLI::App* restore = runs(
      backup->add_subcommand("restore", "Make a store of a backup, with taskerd on this machine"),
      &AdminCommands::RestoreBackup);
  restore->add_option("BACKUP", backup_id_, "Its number; 0: the newest")->capture_default_str();
  restore->add_option("--backups", backups_folder_, "The folder of the backups")
      ->type_name("FOLDER")
      ->required();
  restore->add_option("--data", data_folder_, "The folder of the store: new or empty")
      ->type_name("FOLDER")
      ->required();
}

ExitCode AdminCommands::Status(Connection& connection) {
  v1::GetStatusResponse response;
  const auto status = connection.admin().GetStatus(connection.NewCall().get(), {}, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  auto& out = session_.console.out;
  out << "taskerd " << EscapeControls(response.version()) << ", since "
      << TimeText(response.has_started_at(), response.started_at()) << '\n'
      << (response.writable() ? "takes commands"
                              : "takes no commands: " + EscapeControls(response.reason()))
      << '\n'
      << response.open_tasks() << " open tasks, " << response.connected_handlers()
      << " handlers connected, store format " << response.store_format() << '\n';
  if (response.unreadable_tasks() > 0) {
    out << response.unreadable_tasks() << " open tasks cannot be read; the log names them\n";
  }
  if (response.broken_template_files() + response.unusable_stored_templates() > 0) {
    out << response.broken_template_files() << " template files are broken, "
        << response.unusable_stored_templates()
        << " stored templates cannot be used: see `tasker template files`\n";
  }
  return response.writable() ? ExitCode::kOk : ExitCode::kRefused;
}

ExitCode AdminCommands::RunRetention(Connection& connection) {
  v1::RunRetentionResponse response;
  const auto status =
      connection.admin().RunRetention(NewLongCall().get(), retention_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  if (response.counts().empty()) {
    session_.console.out << "nothing to remove\n";
    return ExitCode::kOk;
  }
  Table table({"NAMESPACE", "TEMPLATE", "TASKS", "HISTORIES", "EVENTS"});
  for (const v1::RetentionCount& count : response.counts()) {
    table.AddRow({count.namespace_(), count.template_name(), absl::StrCat(count.tasks()),
                  absl::StrCat(count.histories()), absl::StrCat(count.events())});
  }
  table.Print(session_.console.out);
  session_.console.out << (retention_request_.dry_run() ? "would be removed\n" : "removed\n");
  return ExitCode::kOk;
}

ExitCode AdminCommands::CreateBackup(Connection& connection) {
  v1::CreateBackupResponse response;
  const auto status = connection.admin().CreateBackup(NewLongCall().get(), {}, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  Table table = BackupTable();
  AddRow(response.backup(), table);
  table.Print(session_.console.out);
  if (response.removed() > 0) {
    session_.console.out << response.removed() << " older removed\n";
  }
  return ExitCode::kOk;
}

ExitCode AdminCommands::ListBackups(Connection& connection) {
  v1::ListBackupsResponse response;
  const auto status = connection.admin().ListBackups(NewLongCall().get(), {}, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  Table table = BackupTable();
  for (const v1::Backup& backup : response.backups()) AddRow(backup, table);
  table.Print(session_.console.out);
  return ExitCode::kOk;
}

ExitCode AdminCommands::VerifyBackup(Connection& connection) {
  v1::VerifyBackupRequest request;
  request.set_backup_id(backup_id_);
  v1::VerifyBackupResponse response;
  const auto status = connection.admin().VerifyBackup(NewLongCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << "backup " << backup_id_ << " is whole\n";
  return ExitCode::kOk;
}

ExitCode AdminCommands::RestoreBackup(Connection&) {
  const std::string taskerd = TaskerdPath();
  const std::string id = absl::StrCat(backup_id_);
  session_.console.out.flush();
  execlp(taskerd.c_str(), taskerd.c_str(), "--restore-backup", id.c_str(), "--backups",
         backups_folder_.c_str(), "--data", data_folder_.c_str(), static_cast<char*>(nullptr));
  return ReportUsage(session_, absl::StrCat("cannot run ", taskerd, ": ", std::strerror(errno)));
}

}  // namespace tasker::cli

#include "service/admin/admin_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include <google/protobuf/util/time_util.h>

#include "service/admin/transfer_calls.h"
#include "service/pipeline/clock.h"
#include "service/server/grpc_status.h"
#include "storage/backups.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

using google::protobuf::util::TimeUtil;

v1::Backup ViewOf(const storage::Backup& backup) {
  v1::Backup view;
  view.set_backup_id(backup.id);
  *view.mutable_created_at() = TimeUtil::SecondsToTimestamp(backup.made_at_s);
  view.set_bytes(backup.bytes);
  view.set_files(backup.files);
  return view;
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::Later(
    grpc::CallbackServerContext* context,
    std::function<absl::Status(const Maintenance::Cancelled&)> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  // The request and the response live as long as the call, which only this ends.
  const absl::Status posted = parts_.maintenance->Post(
      [reactor, work = std::move(work)](const Maintenance::Cancelled& cancelled) {
        reactor->Finish(ToGrpc(work(cancelled)));
      });
  if (!posted.ok()) reactor->Finish(ToGrpc(posted));
  return reactor;
}

absl::Status AdminService::CheckBackups() const {
  if (!parts_.backups_folder.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the service's settings name no folder for backups: set `backups.folder`");
}

grpc::ServerUnaryReactor* AdminService::GetStatus(grpc::CallbackServerContext* context,
                                                  const v1::GetStatusRequest*,
                                                  v1::GetStatusResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Status store = parts_.runner->store_status();
  response->set_writable(store.ok());
  response->set_reason(std::string(store.message()));
  response->set_open_tasks(parts_.runner->open_tasks());
  response->set_store_format(storage::kFormatVersion);
  parts_.describe(*response);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::RunRetention(grpc::CallbackServerContext* context,
                                                     const v1::RunRetentionRequest* request,
                                                     v1::RunRetentionResponse* response) {
  const bool dry_run = request->dry_run();
  return Later(context, [this, dry_run, response](const Maintenance::Cancelled& cancelled) {
    const absl::Time begin = absl::Now();
    absl::StatusOr<v1::RunRetentionResponse> done =
        parts_.retention->Run(ReadClock(), dry_run, cancelled);
    if (!done.ok()) return done.status();
    *response = *std::move(done);
    *response->mutable_elapsed() =
        TimeUtil::MicrosecondsToDuration(absl::ToInt64Microseconds(absl::Now() - begin));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::CreateBackup(grpc::CallbackServerContext* context,
                                                     const v1::CreateBackupRequest*,
                                                     v1::CreateBackupResponse* response) {
  return Later(context, [this, response](const Maintenance::Cancelled&) {
    if (absl::Status can = CheckBackups(); !can.ok()) return can;
    const auto id = parts_.store->AddBackup(parts_.backups_folder);
    if (!id.ok()) return id.status();
    if (parts_.backups_keep > 0) {
      const auto removed = storage::PurgeBackups(parts_.backups_folder, parts_.backups_keep);
      if (!removed.ok()) return removed.status();
      response->set_removed(*removed);
    }
    const auto backups = storage::ListBackups(parts_.backups_folder);
    if (!backups.ok()) return backups.status();
    for (const storage::Backup& backup : *backups) {
      if (backup.id == *id) *response->mutable_backup() = ViewOf(backup);
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::ListBackups(grpc::CallbackServerContext* context,
                                                    const v1::ListBackupsRequest*,
                                                    v1::ListBackupsResponse* response) {
  return Later(context, [this, response](const Maintenance::Cancelled&) {
    if (absl::Status can = CheckBackups(); !can.ok()) return can;
    const auto backups = storage::ListBackups(parts_.backups_folder);
    if (!backups.ok()) return backups.status();
    for (const storage::Backup& backup : *backups) *response->add_backups() = ViewOf(backup);
    response->set_folder(parts_.backups_folder);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::VerifyBackup(grpc::CallbackServerContext* context,
                                                     const v1::VerifyBackupRequest* request,
                                                     v1::VerifyBackupResponse*) {
  const std::uint32_t id = request->backup_id();
  return Later(context, [this, id](const Maintenance::Cancelled&) {
    if (absl::Status can = CheckBackups(); !can.ok()) return can;
    return storage::VerifyBackup(parts_.backups_folder, id);
  });
}

grpc::ServerWriteReactor<v1::ExportRecordsResponse>* AdminService::ExportRecords(
    grpc::CallbackServerContext*, const v1::ExportRecordsRequest* request) {
  return BeginExport(Exporter(*request, parts_.store, parts_.partition), parts_.maintenance);
}

grpc::ServerReadReactor<v1::ImportRecordsRequest>* AdminService::ImportRecords(
    grpc::CallbackServerContext*, v1::ImportRecordsResponse* response) {
  return BeginImport(
      Importer(parts_.partition, parts_.payload_bytes_max, parts_.templates, parts_.runner),
      parts_.maintenance, response);
}

}  // namespace tasker::service

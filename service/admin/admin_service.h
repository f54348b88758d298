// The gRPC door for the one who runs the service.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <grpcpp/grpcpp.h>

#include "engine/model/time.h"
#include "service/maintenance/maintenance.h"
#include "service/maintenance/retention.h"
#include "service/pipeline/partition_runner.h"
#include "service/templates/template_registry.h"
#include "storage/store.h"
#include "tasker/v1/admin_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/admin_service.proto.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  // Pointers must outlive it and every call.
  struct Parts {
    storage::PartitionId partition{};
    std::uint64_t payload_bytes_max = 0;
    // Empty: backups are refused.
    std::string backups_folder;
    std::uint32_t backups_keep = 0;
    storage::Store* store = nullptr;
    PartitionRunner* runner = nullptr;
    TemplateRegistry* templates = nullptr;
    Maintenance* maintenance = nullptr;
    Retention* retention = nullptr;
    // Fill in what the service knows of itself; called on any thread.
    std::function<void(v1::GetStatusResponse&)> describe;
  };

  explicit AdminService(Parts parts) : parts_(std::move(parts)) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;
  grpc::ServerUnaryReactor* RunRetention(grpc::CallbackServerContext* context,
                                         const v1::RunRetentionRequest* request,
                                         v1::RunRetentionResponse* response) override;
  grpc::ServerUnaryReactor* CreateBackup(grpc::CallbackServerContext* context,
                                         const v1::CreateBackupRequest* request,
                                         v1::CreateBackupResponse* response) override;
  grpc::ServerUnaryReactor* ListBackups(grpc::CallbackServerContext* context,
                                        const v1::ListBackupsRequest* request,
                                        v1::ListBackupsResponse* response) override;
  grpc::ServerUnaryReactor* VerifyBackup(grpc::CallbackServerContext* context,
                                         const v1::VerifyBackupRequest* request,
                                         v1::VerifyBackupResponse* response) override;
  grpc::ServerWriteReactor<v1::ExportRecordsResponse>* ExportRecords(
      grpc::CallbackServerContext* context, const v1::ExportRecordsRequest* request) override;
  grpc::ServerReadReactor<v1::ImportRecordsRequest>* ImportRecords(
      grpc::CallbackServerContext* context, v1::ImportRecordsResponse* response) override;

 private:
  // Runs `work` on the thread of maintenance and answers with what it returns.
  grpc::ServerUnaryReactor* Later(grpc::CallbackServerContext* context,
                                  std::function<absl::Status(const Maintenance::Cancelled&)> work);
  absl::Status CheckBackups() const;

  const Parts parts_;
};

}  // namespace tasker::service

// The gRPC door to pauses and repairs.
#pragma once

#include <cstdint>
#include <string>

#include <grpcpp/grpcpp.h>

#include "engine/command.h"
#include "service/pipeline/known_positions.h"
#include "service/pipeline/partition_runner.h"
#include "service/tasks/task_reader.h"
#include "tasker/v1/operator_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/operator_service.proto. Pointers must outlive it and every call.
class OperatorService final : public v1::OperatorService::CallbackService {
 public:
  OperatorService(storage::PartitionId partition, std::uint64_t payload_bytes_max,
                  PartitionRunner* runner, const TaskReader* reader,
                  const KnownPositions* positions)
      : partition_(partition),
        payload_bytes_max_(payload_bytes_max),
        runner_(*runner),
        reader_(*reader),
        positions_(*positions) {}

  grpc::ServerUnaryReactor* Pause(grpc::CallbackServerContext* context,
                                  const v1::PauseRequest* request,
                                  v1::PauseResponse* response) override;
  grpc::ServerUnaryReactor* Resume(grpc::CallbackServerContext* context,
                                   const v1::ResumeRequest* request,
                                   v1::ResumeResponse* response) override;
  grpc::ServerUnaryReactor* ListPauses(grpc::CallbackServerContext* context,
                                       const v1::ListPausesRequest* request,
                                       v1::ListPausesResponse* response) override;
  grpc::ServerUnaryReactor* RetryStep(grpc::CallbackServerContext* context,
                                      const v1::RetryStepRequest* request,
                                      v1::RetryStepResponse* response) override;
  grpc::ServerUnaryReactor* ResolveStep(grpc::CallbackServerContext* context,
                                        const v1::ResolveStepRequest* request,
                                        v1::ResolveStepResponse* response) override;
  grpc::ServerUnaryReactor* SkipStep(grpc::CallbackServerContext* context,
                                     const v1::SkipStepRequest* request,
                                     v1::SkipStepResponse* response) override;
  grpc::ServerUnaryReactor* CancelStep(grpc::CallbackServerContext* context,
                                       const v1::CancelStepRequest* request,
                                       v1::CancelStepResponse* response) override;
  grpc::ServerUnaryReactor* ResetStepAttempts(grpc::CallbackServerContext* context,
                                              const v1::ResetStepAttemptsRequest* request,
                                              v1::ResetStepAttemptsResponse* response) override;
  grpc::ServerUnaryReactor* RetryTask(grpc::CallbackServerContext* context,
                                      const v1::RetryTaskRequest* request,
                                      v1::RetryTaskResponse* response) override;
  grpc::ServerUnaryReactor* RetryTasks(grpc::CallbackServerContext* context,
                                       const v1::RetryTasksRequest* request,
                                       v1::RetryTasksResponse* response) override;
  grpc::ServerUnaryReactor* RerunTask(grpc::CallbackServerContext* context,
                                      const v1::RerunTaskRequest* request,
                                      v1::RerunTaskResponse* response) override;
  grpc::ServerUnaryReactor* ResolveTask(grpc::CallbackServerContext* context,
                                        const v1::ResolveTaskRequest* request,
                                        v1::ResolveTaskResponse* response) override;

 private:
  // Submits the command, or answers why there is none; sets the response's position.
  template <typename Response>
  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context,
                                   absl::StatusOr<engine::Command> command, Response* response);

  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* RepairStep(grpc::CallbackServerContext* context, const Request& request,
                                       engine::RepairStep::Action action, engine::Payload results,
                                       Response* response);

  const storage::PartitionId partition_;
  const std::uint64_t payload_bytes_max_;
  PartitionRunner& runner_;
  const TaskReader& reader_;
  const KnownPositions& positions_;
};

}  // namespace tasker::service

// The gRPC door to tasks.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"
#include <grpcpp/grpcpp.h>

#include "engine/command.h"
#include "service/handlers/task_handler_classes.h"
#include "service/pipeline/known_positions.h"
#include "service/pipeline/partition_runner.h"
#include "service/tasks/task_reader.h"
#include "service/templates/template_registry.h"
#include "tasker/v1/task_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/task_service.proto. Pointers must outlive it and every call.
class TaskService final : public v1::TaskService::CallbackService {
 public:
  TaskService(storage::PartitionId partition, std::uint64_t payload_bytes_max,
              TemplateRegistry* templates, const TaskHandlerClasses* task_handlers,
              PartitionRunner* runner, const TaskReader* reader, const KnownPositions* positions)
      : partition_(partition),
        payload_bytes_max_(payload_bytes_max),
        templates_(*templates),
        task_handlers_(*task_handlers),
        runner_(*runner),
        reader_(*reader),
        positions_(*positions) {}

  grpc::ServerUnaryReactor* CreateTask(grpc::CallbackServerContext* context,
                                       const v1::CreateTaskRequest* request,
                                       v1::CreateTaskResponse* response) override;
  grpc::ServerUnaryReactor* GetTask(grpc::CallbackServerContext* context,
                                    const v1::GetTaskRequest* request,
                                    v1::GetTaskResponse* response) override;
  grpc::ServerUnaryReactor* ListTasks(grpc::CallbackServerContext* context,
                                      const v1::ListTasksRequest* request,
                                      v1::ListTasksResponse* response) override;
  grpc::ServerUnaryReactor* CancelTask(grpc::CallbackServerContext* context,
                                       const v1::CancelTaskRequest* request,
                                       v1::CancelTaskResponse* response) override;

  grpc::ServerUnaryReactor* SignalTask(grpc::CallbackServerContext* context,
                                       const v1::SignalTaskRequest* request,
                                       v1::SignalTaskResponse* response) override;
  grpc::ServerUnaryReactor* GetTaskHistory(grpc::CallbackServerContext* context,
                                           const v1::GetTaskHistoryRequest* request,
                                           v1::GetTaskHistoryResponse* response) override;
  grpc::ServerUnaryReactor* ExplainTask(grpc::CallbackServerContext* context,
                                        const v1::ExplainTaskRequest* request,
                                        v1::ExplainTaskResponse* response) override;

  // Refuses new tasks with UNAVAILABLE.
  void Drain() { draining_ = true; }

 private:
  // The command that a request asks for, its id drawn. Errors: as the contract says.
  absl::StatusOr<engine::CreateTask> CommandOf(const v1::CreateTaskRequest& request) const;
  // The task that a query is about. Errors: it names none, or demands a position that is not known.
  template <typename Request>
  absl::StatusOr<engine::TaskId> ReadableId(const Request& request) const;
  // What to answer when the engine has no such open task: the store knows whether it has finished.
  absl::Status WhyNotOpen(const engine::TaskId& id) const;
  // What there is to say of a task that the engine does not have in memory.
  absl::StatusOr<v1::ExplainTaskResponse> ExplainFinished(const engine::TaskId& id,
                                                          const std::string& step) const;

  const storage::PartitionId partition_;
  const std::uint64_t payload_bytes_max_;
  TemplateRegistry& templates_;
  const TaskHandlerClasses& task_handlers_;
  PartitionRunner& runner_;
  const TaskReader& reader_;
  const KnownPositions& positions_;
  std::atomic<bool> draining_{false};
};

}  // namespace tasker::service

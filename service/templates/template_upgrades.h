// The calls that rehearse and make upgrades, a page at a time on the thread of maintenance.
#pragma once

#include <functional>

#include <grpcpp/grpcpp.h>

#include "service/maintenance/maintenance.h"
#include "service/pipeline/partition_runner.h"
#include "service/templates/template_registry.h"
#include "storage/store.h"
#include "tasker/v1/template_service.pb.h"

namespace tasker::service {

// Safe for concurrent use. What it is made of must outlive it and every call.
class TemplateUpgrades {
 public:
  TemplateUpgrades(TemplateRegistry* templates, storage::Store* store, PartitionRunner* runner,
                   Maintenance* maintenance)
      : templates_(*templates), store_(*store), runner_(*runner), maintenance_(*maintenance) {}

  // TemplateService.RehearseTemplate and MigrateTasks of the contract. Both return a call that
  // deletes itself at its end.
  grpc::ServerWriteReactor<v1::RehearseTemplateResponse>* Rehearse(
      const v1::RehearseTemplateRequest& request);
  grpc::ServerWriteReactor<v1::MigrateTasksResponse>* Migrate(
      const v1::MigrateTasksRequest& request);

 private:
  TemplateRegistry& templates_;
  storage::Store& store_;
  PartitionRunner& runner_;
  Maintenance& maintenance_;
};

}  // namespace tasker::service

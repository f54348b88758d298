#include "service/templates/template_upgrades.h"

#include <utility>

#include "service/pipeline/clock.h"
#include "service/server/grpc_status.h"
#include "service/templates/migration_pass.h"
#include "service/templates/upgrade_pass.h"
#include "service/templates/upgrade_scope.h"

namespace tasker::service {
namespace {

// Tasks that a page of a rehearsal has at most.
constexpr int kTasksPerPage = 256;

// Gives the pages of a rehearsal the form of the contract.
class RehearsalPass {
 public:
  explicit RehearsalPass(UpgradePass tasks) : tasks_(std::move(tasks)) {}

  absl::StatusOr<v1::RehearseTemplateResponse> Next(engine::Timestamp now) {
    absl::StatusOr<std::vector<v1::TaskUpgrade>> upgrades = tasks_.Next(now, kTasksPerPage);
    if (!upgrades.ok()) return upgrades.status();
    v1::RehearseTemplateResponse page;
    for (v1::TaskUpgrade& upgrade : *upgrades) {
      Count(upgrade, counts_);
      *page.add_tasks() = std::move(upgrade);
    }
    *page.mutable_counts() = counts_;
    page.set_to_version(tasks_.scope().to->compiled->id.version);
    return page;
  }
  bool done() const { return tasks_.done(); }

 private:
  UpgradePass tasks_;
  v1::UpgradeCounts counts_;
};

// At any time either gRPC or the thread of maintenance has the call, so it needs no lock: whoever
// has it starts the next operation or ends it, and nothing touches it after that.
template <typename Pass, typename Response>
class PagedCall final : public grpc::ServerWriteReactor<Response> {
 public:
  PagedCall(Pass pass, Maintenance* maintenance)
      : pass_(std::move(pass)), maintenance_(*maintenance) {
    WriteNext();
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      WriteNext();
    } else {
      this->Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  void WriteNext() {
    const absl::Status posted = maintenance_.Post([this](const Maintenance::Cancelled& cancelled) {
      if (cancelled()) {
        this->Finish({grpc::StatusCode::UNAVAILABLE, "the service stops"});
        return;
      }
      absl::StatusOr<Response> page = pass_.Next(ReadClock());
      if (!page.ok()) {
        this->Finish(ToGrpc(page.status()));
        return;
      }
      response_ = *std::move(page);
      if (pass_.done()) {
        this->StartWriteAndFinish(&response_, {}, grpc::Status::OK);
      } else if (response_.tasks().empty()) {
        WriteNext();
      } else {
        this->StartWrite(&response_);
      }
    });
    if (!posted.ok()) this->Finish(ToGrpc(posted));
  }

  Pass pass_;
  Maintenance& maintenance_;
  Response response_;
};

// A call that has failed before it began.
template <typename Response>
class FailedCall final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit FailedCall(const absl::Status& why) { this->Finish(ToGrpc(why)); }
  void OnDone() override { delete this; }
};

UpgradePass::FindTemplate Finder(const TemplateRegistry& templates) {
  return [&templates](const engine::TemplateId& id) { return templates.Compiled(id); };
}

}  // namespace

grpc::ServerWriteReactor<v1::RehearseTemplateResponse>* TemplateUpgrades::Rehearse(
    const v1::RehearseTemplateRequest& request) {
  using Response = v1::RehearseTemplateResponse;
  absl::StatusOr<UpgradeScope> scope = ScopeOf(templates_, request);
  if (!scope.ok()) return new FailedCall<Response>(scope.status());
  RehearsalPass pass(UpgradePass(&store_, Finder(templates_), *std::move(scope)));
  return new PagedCall<RehearsalPass, Response>(std::move(pass), &maintenance_);
}

grpc::ServerWriteReactor<v1::MigrateTasksResponse>* TemplateUpgrades::Migrate(
    const v1::MigrateTasksRequest& request) {
  using Response = v1::MigrateTasksResponse;
  absl::StatusOr<UpgradeScope> scope = ScopeOf(templates_, request);
  if (!scope.ok()) return new FailedCall<Response>(scope.status());
  MigrationPass pass(UpgradePass(&store_, Finder(templates_), *std::move(scope)), request,
                     &runner_);
  return new PagedCall<MigrationPass, Response>(std::move(pass), &maintenance_);
}

}  // namespace tasker::service

#include "service/server/server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include <google/protobuf/util/time_util.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>

#include "service/admin/admin_service.h"
#include "service/events/event_hub.h"
#include "service/events/event_service.h"
#include "service/events/subscriptions/subscription_metrics.h"
#include "service/events/subscriptions/subscriptions.h"
#include "service/handlers/handler_service.h"
#include "service/handlers/handler_sessions.h"
#include "service/handlers/handler_stream.h"
#include "service/handlers/task_handler_classes.h"
#include "service/maintenance/maintenance.h"
#include "service/maintenance/retention.h"
#include "service/metrics/metrics.h"
#include "service/metrics/process_metrics.h"
#include "service/operators/operator_service.h"
#include "service/payloads/payload_limits.h"
#include "service/pipeline/known_positions.h"
#include "service/pipeline/partition_runner.h"
#include "service/pipeline/recovery.h"
#include "service/security/server_security.h"
#include "service/server/effect_release.h"
#include "service/server/grpc_status.h"
#include "service/tasks/sub_task_starter.h"
#include "service/tasks/task_reader.h"
#include "service/tasks/task_service.h"
#include "service/templates/template_files_view.h"
#include "service/templates/template_folder.h"
#include "service/templates/template_metrics.h"
#include "service/templates/template_registry.h"
#include "service/templates/template_service.h"
#include "service/templates/template_upgrades.h"
#include "storage/keys.h"
#include "storage/rocksdb_store.h"

namespace tasker::service {
namespace {

// One partition owns every slot: on up to four cores more would only mean more syncs.
constexpr storage::PartitionId kPartition{0};

// How long calls that are still open after the drain have to end.
constexpr std::chrono::seconds kShutdownGrace{1};

// The health of the process, apart from whether it can take work: "" is that. Who restarts what
// does not answer must ask for this one, since a full disk is not mended by a restart.
constexpr char kLiveness[] = "liveness";

engine::Duration Micros(std::chrono::milliseconds time) { return time; }

engine::PartitionSettings PartitionSettingsOf(const config::Settings& settings) {
  engine::PartitionSettings partition;
  partition.lease = Micros(settings.lease);
  partition.confirm_within = Micros(settings.confirm_within);
  partition.cancel_grace = Micros(settings.cancel_grace);
  partition.class_limits = settings.handler_class_limits;
  partition.task_memory_max = settings.task_memory_bytes;
  partition.collected_bytes_max = CollectedBytesMax(settings.payload_bytes_max);
  partition.only_declared_events = settings.refuse_undeclared_events;
  partition.retry.backoff.assign(settings.retry.backoff.begin(), settings.retry.backoff.end());
  partition.retry.multiplier = settings.retry.multiplier;
  partition.retry.delay_max = Micros(settings.retry.backoff_max);
  partition.retry.jitter = settings.retry.jitter;
  return partition;
}

StreamLimits StreamLimitsOf(const config::Settings& settings) {
  StreamLimits limits;
  limits.lease = Micros(settings.lease);
  limits.heartbeat = Micros(settings.heartbeat);
  limits.confirm_within = Micros(settings.confirm_within);
  limits.cancel_grace = Micros(settings.cancel_grace);
  limits.payload_bytes_max = settings.payload_bytes_max;
  limits.assignment_bytes_max = AssignmentBytesMax(settings.payload_bytes_max);
  return limits;
}

// Seeds the engine, which draws nothing of its own.
std::uint64_t FreshSeed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(const config::Settings& settings) : settings_(settings) {}

  ~ServerImpl() override { StopWithin(absl::ZeroDuration()); }

  absl::Status Begin() {
    if (absl::Status store = OpenStore(); !store.ok()) return store;
    if (absl::Status partition = StartPartition(); !partition.ok()) return partition;
    StartMaintenance();
    return Listen();
  }

  void Stop() override { StopWithin(absl::FromChrono(settings_.drain)); }

  absl::Status AwaitFailure() override {
    failed_or_stopped_.WaitForNotification();
    absl::MutexLock lock(&mutex_);
    return failure_;
  }

  int port() const override { return port_; }
  int metrics_port() const override { return metrics_->port(); }

 private:
  absl::Status OpenStore() {
    storage::RocksDbOptions options;
    options.folder = settings_.data;
    options.memory_bytes = settings_.store_memory_bytes;
    options.log = [](const std::string& line) { spdlog::info(line); };
    options.log_warning = [](const std::string& line) { spdlog::warn(line); };
    absl::StatusOr<std::unique_ptr<storage::Store>> store = storage::OpenRocksDbStore(options);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    std::vector<std::string> problems;
    absl::StatusOr<std::unique_ptr<TemplateRegistry>> templates = TemplateRegistry::Open(
        store_.get(), settings_.environment, config::EnvironmentVariables(), problems);
    if (!templates.ok()) return templates.status();
    templates_ = *std::move(templates);
    if (settings_.strict_variables) templates_->RequireVariables();
    for (const std::string& problem : problems) spdlog::error(problem);
    if (!settings_.templates.empty()) {
      template_folder_ = std::make_unique<TemplateFolder>(
          settings_.templates, settings_.templates_rescan, templates_.get());
      template_folder_->LoadNow();
    }
    absl::StatusOr<std::unique_ptr<TaskHandlerClasses>> task_handlers =
        TaskHandlerClasses::Open(store_.get(), kPartition);
    if (!task_handlers.ok()) return task_handlers.status();
    task_handlers_ = *std::move(task_handlers);
    template_metrics_ = std::make_shared<TemplateMetrics>(templates_.get(), template_folder_.get());
    return absl::OkStatus();
  }

  absl::Status StartPartition() {
    find_template_ = [this](const engine::TemplateId& id) { return templates_->Compiled(id); };
    const absl::StatusOr<storage::Sequence> newest = store_->LastSequence(kPartition);
    if (!newest.ok()) return newest.status();
    log_ = std::make_unique<EventLog>(store_.get(), kPartition, *newest);
    absl::StatusOr<storage::v1::EventFloorsRecord> floors = ReadEventFloors(*store_, kPartition);
    if (!floors.ok()) return floors.status();
    log_->SetFloors(*std::move(floors));
    metrics_ = std::make_unique<Metrics>(Metrics::Sources{
        [this] { return store_->SyncCount(); }, [this] { return runner_->open_tasks(); },
        [this] { return runner_->backlog(); }, [this] { return sessions_.size(); },
        [this] { return hub_->subscribers(); }, [this] { return runner_->store_status().ok(); },
        [this] { return unreadable_tasks_.load(std::memory_order_relaxed); },
        [this] { return runner_->sleeping_tasks(); }});
    hub_ = std::make_unique<EventHub>(
        log_.get(),
        [this](const storage::v1::EventBatchRecord& events) { metrics_->Observe(events); });
    counts_ = std::make_unique<EventCounts>(log_.get(), store_.get(), *newest);
    sub_tasks_ = std::make_unique<SubTaskStarter>(settings_.payload_bytes_max, templates_.get(),
                                                  task_handlers_.get());
    release_ = std::make_unique<EffectRelease>(store_.get(), &sessions_, hub_.get(), counts_.get(),
                                               sub_tasks_.get());
    PartitionRunner::Options options;
    options.partition = kPartition;
    options.last_slot = storage::kSlotCount;
    options.settings = PartitionSettingsOf(settings_);
    options.seed = FreshSeed();
    options.find_template = find_template_;
    options.on_fenced = [this](const absl::Status& why) { Fail(why); };
    options.on_unwritable = [this](const absl::Status& why) { OnUnwritable(why); };
    options.on_writable = [this](storage::Sequence last) { OnWritable(last); };
    options.on_unreadable = [this](const engine::TaskId& task, const absl::Status& why) {
      unreadable_tasks_.fetch_add(1, std::memory_order_relaxed);
      spdlog::error("the open task {} is left out until the next start: {}", task.ToString(),
                    std::string(why.message()));
    };
    absl::StatusOr<std::unique_ptr<PartitionRunner>> runner =
        PartitionRunner::Start(std::move(options), store_.get(), release_.get());
    if (!runner.ok()) return runner.status();
    runner_ = *std::move(runner);
    sub_tasks_->SubmitTo(runner_.get());
    task_handlers_->StoreBy(runner_.get());
    // A service that does nothing else would not notice that the store takes no commits.
    templates_->OnUnstored([this] { runner_->ProbeStore(); });
    absl::StatusOr<std::unique_ptr<Subscriptions>> subscriptions =
        Subscriptions::Open({store_.get(), log_.get(), hub_.get(), runner_.get(), counts_.get()});
    if (!subscriptions.ok()) return subscriptions.status();
    subscriptions_ = *std::move(subscriptions);
    runner_->Begin();
    if (template_folder_ != nullptr) {
      if (absl::Status begun = template_folder_->Begin(); !begun.ok()) return begun;
    }
    reader_ = std::make_unique<TaskReader>(store_.get(), kPartition, find_template_);
    positions_.Add(kPartition, [this] { return runner_->committed(); });
    positions_.Add(storage::kCatalog, [this] { return templates_->newest(); });
    spdlog::info("{} open tasks taken up", runner_->open_tasks());
    return absl::OkStatus();
  }

  absl::Status Listen() {
    metrics_->Add(template_metrics_);
    subscription_metrics_ = std::make_shared<SubscriptionMetrics>(subscriptions_.get());
    metrics_->Add(subscription_metrics_);
    metrics_->Add(std::make_shared<ProcessMetrics>());
    if (!settings_.metrics_listen.empty()) {
      if (absl::Status metrics = metrics_->Serve(settings_.metrics_listen); !metrics.ok()) {
        return metrics;
      }
    }
    if (!settings_.access_tokens.empty()) {
      absl::StatusOr<std::unique_ptr<AccessTokens>> tokens =
          AccessTokens::Open(settings_.access_tokens);
      if (!tokens.ok()) return tokens.status();
      tokens_ = *std::move(tokens);
    }
    task_service_ = std::make_unique<TaskService>(kPartition, settings_.payload_bytes_max,
                                                  templates_.get(), task_handlers_.get(),
                                                  runner_.get(), reader_.get(), &positions_);
    operator_service_ = std::make_unique<OperatorService>(
        kPartition, settings_.payload_bytes_max, runner_.get(), reader_.get(), &positions_);
    upgrades_ = std::make_unique<TemplateUpgrades>(templates_.get(), store_.get(), runner_.get(),
                                                   &maintenance_);
    template_service_ = std::make_unique<TemplateService>(templates_.get(), template_folder_.get(),
                                                          upgrades_.get(), &positions_);
    subscription_calls_ = std::make_unique<SubscriptionCalls>(subscriptions_.get(), &positions_);
    declared_events_ = std::make_unique<DeclaredEvents>(templates_.get());
    event_service_ = std::make_unique<EventService>(
        store_.get(), reader_.get(), log_.get(), hub_.get(), runner_.get(),
        subscription_calls_.get(), declared_events_.get(), settings_.refuse_undeclared_events);
    admin_service_ = MakeAdminService();
    refused_ = std::make_unique<RefusedRegistrations>(
        [this](storage::v1::EventRecord event) { runner_->Publish({std::move(event)}, nullptr); });
    handler_service_ = std::make_unique<HandlerService>(
        HandlerService::Parts{kPartition, StreamLimitsOf(settings_), store_.get(), runner_.get(),
                              &sessions_, task_handlers_.get(), refused_.get(), tokens_.get()});
    const auto credentials = CredentialsFor(settings_.tls, tokens_.get());
    if (!credentials.ok()) return credentials.status();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(settings_.listen, *credentials, &port_);
    builder.SetMaxReceiveMessageSize(MessageBytesMax(settings_.payload_bytes_max));
    builder.SetMaxSendMessageSize(-1);
    // Two services must not share one address: the second must fail to start.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterService(task_service_.get());
    builder.RegisterService(operator_service_.get());
    builder.RegisterService(template_service_.get());
    builder.RegisterService(event_service_.get());
    builder.RegisterService(handler_service_.get());
    builder.RegisterService(admin_service_.get());
    std::unique_ptr<grpc::Server> listening = builder.BuildAndStart();
    if (listening == nullptr || port_ == 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", settings_.listen));
    }
    {
      absl::MutexLock lock(&mutex_);
      grpc_ = std::move(listening);
      grpc_->GetHealthCheckService()->SetServingStatus(kLiveness, true);
    }
    SetServing(runner_->store_status().ok());
    return absl::OkStatus();
  }

  void StartMaintenance() {
    retention_ = std::make_unique<Retention>(settings_.retention, kPartition, store_.get(),
                                             runner_.get(), log_.get());
    std::function<void(const Maintenance::Cancelled&)> sweep;
    if (retention_->HasLimits()) {
      sweep = [this](const Maintenance::Cancelled& cancelled) {
        const auto swept = retention_->Run(ReadClock(), false, cancelled);
        if (!swept.ok()) {
          spdlog::warn("retention: {}", std::string(swept.status().message()));
          return;
        }
        for (const v1::RetentionCount& count : swept->counts()) {
          spdlog::info("retention: {}.{}: {} tasks, {} histories, {} events removed",
                       count.namespace_(), count.template_name(), count.tasks(), count.histories(),
                       count.events());
        }
      };
    }
    maintenance_.Begin(absl::FromChrono(settings_.retention.every), std::move(sweep));
  }

  std::unique_ptr<AdminService> MakeAdminService() {
    AdminService::Parts parts;
    parts.partition = kPartition;
    parts.payload_bytes_max = settings_.payload_bytes_max;
    parts.backups_folder = settings_.backups_folder;
    parts.backups_keep = settings_.backups_keep;
    parts.store = store_.get();
    parts.runner = runner_.get();
    parts.templates = templates_.get();
    parts.maintenance = &maintenance_;
    parts.retention = retention_.get();
    parts.describe = [this](v1::GetStatusResponse& status) {
      status.set_version(TASKER_VERSION);
      *status.mutable_started_at() =
          google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(engine::ToMicros(started_at_));
      status.set_unreadable_tasks(unreadable_tasks_.load(std::memory_order_relaxed));
      status.set_connected_handlers(sessions_.size());
      DescribeTemplates(*templates_, template_folder_.get(), status);
    };
    return std::make_unique<AdminService>(std::move(parts));
  }

  // The next three are called on the partition's thread.
  void OnUnwritable(const absl::Status& why) {
    spdlog::error("the store cannot be written, commands are refused until it can: {}",
                  std::string(why.message()));
    SetServing(false);
    // Their work goes on; they connect again with what they hold once they are let in.
    for (const auto& stream : sessions_.All()) stream->FinishOnce(ToGrpc(runner_->store_status()));
  }

  void OnWritable(storage::Sequence newest) {
    counts_->StartAnew(newest);
    hub_->StartAnew(newest);
    subscriptions_->StartAnew();
    if (template_folder_ != nullptr) template_folder_->StoreIsBack();
    SetServing(true);
    spdlog::info("the store can be written again; {} open tasks taken up", runner_->open_tasks());
  }

  void SetServing(bool serving) {
    absl::MutexLock lock(&mutex_);
    if (grpc_ != nullptr) grpc_->GetHealthCheckService()->SetServingStatus("", serving);
  }

  void Fail(const absl::Status& why) {
    absl::MutexLock lock(&mutex_);
    failure_ = why;
    if (!std::exchange(notified_, true)) failed_or_stopped_.Notify();
  }

  void StopWithin(absl::Duration drain) {
    absl::MutexLock stopping(&stop_mutex_);
    if (std::exchange(stopped_, true)) return;
    {
      absl::MutexLock lock(&mutex_);
      if (!std::exchange(notified_, true)) failed_or_stopped_.Notify();
    }
    // Nothing new comes from there while the rest ends.
    if (template_folder_ != nullptr) template_folder_->Stop();
    if (grpc_ != nullptr) {
      SetServing(false);
      task_service_->Drain();
      handler_service_->Drain();
      if (!sessions_.AwaitEmpty(drain) && drain > absl::ZeroDuration()) {
        spdlog::warn("{} handlers did not finish in time; their attempts go on after the restart",
                     sessions_.size());
      }
    }
    // Followers' calls would go on for ever, and those ended would be made anew.
    if (event_service_ != nullptr) event_service_->Drain();
    if (subscriptions_ != nullptr) subscriptions_->Drain();
    if (hub_ != nullptr) hub_->Stop();
    if (metrics_ != nullptr) metrics_->StopServing();
    // Calls that wait for it are answered.
    maintenance_.Stop();
    if (grpc_ != nullptr) grpc_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    if (runner_ != nullptr) runner_->Stop();
    if (subscriptions_ != nullptr) subscriptions_->Stop();
  }

  const config::Settings settings_;
  const engine::Timestamp started_at_ = ReadClock();

  // In the order in which one needs the other; ended the other way round.
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<TaskHandlerClasses> task_handlers_;
  // Null: no access token is asked for.
  std::unique_ptr<AccessTokens> tokens_;
  std::unique_ptr<TemplateRegistry> templates_;
  TaskReader::FindTemplate find_template_;
  HandlerSessions sessions_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<EventHub> hub_;
  std::unique_ptr<EventCounts> counts_;
  std::unique_ptr<SubTaskStarter> sub_tasks_;
  std::unique_ptr<EffectRelease> release_;
  std::unique_ptr<PartitionRunner> runner_;
  std::unique_ptr<Subscriptions> subscriptions_;
  // Null if the settings name none.
  std::unique_ptr<TemplateFolder> template_folder_;
  std::shared_ptr<TemplateMetrics> template_metrics_;
  std::shared_ptr<SubscriptionMetrics> subscription_metrics_;
  std::unique_ptr<TaskReader> reader_;
  KnownPositions positions_;
  std::unique_ptr<Retention> retention_;
  Maintenance maintenance_;
  std::unique_ptr<TaskService> task_service_;
  std::unique_ptr<OperatorService> operator_service_;
  std::unique_ptr<TemplateUpgrades> upgrades_;
  std::unique_ptr<TemplateService> template_service_;
  std::unique_ptr<SubscriptionCalls> subscription_calls_;
  std::unique_ptr<DeclaredEvents> declared_events_;
  std::unique_ptr<EventService> event_service_;
  std::unique_ptr<RefusedRegistrations> refused_;
  std::unique_ptr<HandlerService> handler_service_;
  std::unique_ptr<AdminService> admin_service_;
  // Set once, under the mutex: the partition's thread looks at it from its first moment on.
  std::unique_ptr<grpc::Server> grpc_;
  int port_ = 0;
  std::atomic<std::size_t> unreadable_tasks_{0};

  absl::Mutex stop_mutex_;
  bool stopped_ ABSL_GUARDED_BY(stop_mutex_) = false;
  absl::Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool notified_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Notification failed_or_stopped_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const config::Settings& settings) {
  auto server = std::make_unique<ServerImpl>(settings);
  if (absl::Status begun = server->Begin(); !begun.ok()) return begun;
  return server;
}

}  // namespace tasker::service

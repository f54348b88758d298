// What the parts that every step needs cost alone on this machine: the ceiling for the service. A
// bare gRPC stream with the frames of the handlers' protocol (server in another process), a bare
// RocksDB batch and a bare block of a file, both made durable.
//
// Files are made in the working folder, or in $TASKER_BENCH_FOLDER.
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <signal.h>
#include <string>
#include <unistd.h>
#include <utility>

#include "absl/synchronization/mutex.h"
#include <benchmark/benchmark.h>
#include <grpcpp/grpcpp.h>
#include <rocksdb/db.h>
#include <rocksdb/statistics.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clients/bench/process_usage.h"
#include "clients/bench/scratch_folder.h"
#include "tasker/v1/handler_service.grpc.pb.h"

namespace tasker::bench {
namespace {

// As long as those of the service.
constexpr std::size_t kTokenBytes = 40;
constexpr char kResults[] = R"({"ok":true})";

pid_t server_pid = 0;
int server_port = 0;

// Answers each frame of results with one of as many acknowledgements and assignments.
class EchoStream : public grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
 public:
  EchoStream() { StartRead(&request_); }
  void OnReadDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    pending_ += 1;
    items_ = request_.results_size();
    WriteNext();
    StartRead(&request_);
  }
  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (ok) WriteNext();
  }
  void OnDone() override { delete this; }

 private:
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || pending_ == 0) return;
    --pending_;
    writing_ = true;
    response_.Clear();
    for (int i = 0; i < items_; ++i) {
      v1::Acknowledgement& acknowledgement = *response_.add_acknowledgements();
      acknowledgement.set_token(std::string(kTokenBytes, 't'));
      acknowledgement.set_outcome(v1::ACKNOWLEDGEMENT_OUTCOME_APPLIED);
      v1::Assignment& assignment = *response_.add_assignments();
      assignment.set_token(std::string(kTokenBytes, 't'));
      assignment.set_task_id("018f3c5e-7b1a-7cc0-9d2e-123456789abc");
      assignment.set_task_name("bench_chain_5");
      assignment.set_namespace_("bench");
      assignment.set_version("0.1.0");
      assignment.set_step_id("018f3c5e-7b1a-7cc0-9d2e-123456789abc.3");
      assignment.set_step_name("step_4");
      assignment.set_handler_class("Bench::Step");
      assignment.set_context(R"({"order_id":1})");
      v1::DependencyResults& dependency = *assignment.add_dependencies();
      dependency.set_step_name("step_3");
      dependency.set_results(kResults);
    }
    StartWrite(&response_);
  }

  absl::Mutex mutex_;
  int pending_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  int items_ = 0;
  v1::ConnectRequest request_;
  v1::ConnectResponse response_;
};

class EchoService : public v1::HandlerService::CallbackService {
  grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>* Connect(
      grpc::CallbackServerContext*) override {
    return new EchoStream();
  }
};

// Serves until it is ended.
[[noreturn]] void Serve(int told) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  EchoService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (write(told, &port, sizeof(port)) != sizeof(port)) _exit(1);
  server->Wait();
  _exit(0);
}

// Sends frames so that a number of them is always under way.
class Sender : public grpc::ClientBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
 public:
  Sender(v1::HandlerService::Stub& stub, int items) {
    for (int i = 0; i < items; ++i) {
      v1::StepResult& result = *request_.add_results();
      result.set_token(std::string(kTokenBytes, 't'));
      result.mutable_success()->set_results(kResults);
    }
    stub.async()->Connect(&context_, this);
    AddHold();
    StartRead(&response_);
    StartCall();
  }
  // Sends `frames`, `in_flight` at a time, and waits for their answers.
  bool Exchange(std::int64_t frames, int in_flight) {
    absl::MutexLock lock(&mutex_);
    to_send_ = frames;
    awaited_ = frames;
    sendable_ = in_flight;
    WriteNext();
    mutex_.Await(absl::Condition(
        +[](Sender* self)
             ABSL_NO_THREAD_SAFETY_ANALYSIS { return self->awaited_ == 0 || self->ended_; },
        this));
    return !ended_;
  }
  void End() {
    StartWritesDone();
    RemoveHold();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&done_));
  }
  void OnReadDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    if (!ok) {
      ended_ = true;
      return;
    }
    --awaited_;
    ++sendable_;
    WriteNext();
    StartRead(&response_);
  }
  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (ok) WriteNext();
  }
  void OnDone(const grpc::Status&) override {
    absl::MutexLock lock(&mutex_);
    done_ = true;
  }

 private:
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || to_send_ == 0 || sendable_ == 0) return;
    --to_send_;
    --sendable_;
    writing_ = true;
    StartWrite(&request_);
  }

  absl::Mutex mutex_;
  std::int64_t to_send_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t awaited_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t sendable_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext context_;
  v1::ConnectRequest request_;
  v1::ConnectResponse response_;
};

// Arguments: frames in flight, items a frame.
void GrpcStream(benchmark::State& state) {
  constexpr std::int64_t kFramesAtOnce = 256;
  const int in_flight = static_cast<int>(state.range(0));
  const int items = static_cast<int>(state.range(1));
  const auto stub = v1::HandlerService::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string(server_port), grpc::InsecureChannelCredentials()));
  Sender sender(*stub, items);
  if (!sender.Exchange(1, 1)) return state.SkipWithError("no stream");
  const auto before = CpuTimeOf(server_pid);
  const auto own_before = CpuTimeOf(getpid());
  while (state.KeepRunningBatch(kFramesAtOnce)) {
    if (!sender.Exchange(kFramesAtOnce, in_flight)) state.SkipWithError("the stream ended");
  }
  const auto after = CpuTimeOf(server_pid);
  const auto own_after = CpuTimeOf(getpid());
  sender.End();
  const auto total = static_cast<double>(state.iterations() * items);
  state.SetItemsProcessed(state.iterations() * items);
  state.counters["server_cpu_us_an_item"] =
      static_cast<double>((*after - *before).count()) / 1e3 / total;
  state.counters["client_cpu_us_an_item"] =
      static_cast<double>((*own_after - *own_before).count()) / 1e3 / total;
}
BENCHMARK(GrpcStream)
    ->ArgNames({"in_flight", "items"})
    ->Args({1, 1})
    ->Args({8, 1})
    ->Args({64, 1})
    ->Args({1, 64})
    ->Args({8, 64})
    ->UseRealTime();

std::string FolderForFiles() {
  const char* const named = std::getenv("TASKER_BENCH_FOLDER");
  return named == nullptr ? "." : named;
}

// Steps a batch, each of four rows.
void RocksDbSyncedBatch(benchmark::State& state) {
  const auto folder = ScratchFolder::Make(FolderForFiles(), false);
  if (!folder.ok()) return state.SkipWithError(std::string(folder.status().message()).c_str());
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(options, (*folder)->path() + "/db", &opened).ok()) {
    return state.SkipWithError("no database");
  }
  const std::unique_ptr<rocksdb::DB> database(opened);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const std::string value(100, 'v');
  std::uint64_t key = 0;
  const auto before = CpuTimeOf(getpid());
  for (auto _ : state) {
    rocksdb::WriteBatch batch;
    for (std::int64_t i = 0; i < state.range(0) * 4; ++i) {
      std::string name = std::to_string(++key);
      name.insert(0, 24 - name.size(), '0');
      batch.Put(name, value);
    }
    if (!database->Write(synced, &batch).ok()) state.SkipWithError("it was not written");
  }
  const auto used = *CpuTimeOf(getpid()) - *before;
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["cpu_us_a_step"] = static_cast<double>(used.count()) / 1e3 /
                                    static_cast<double>(state.iterations() * state.range(0));
}
BENCHMARK(RocksDbSyncedBatch)->RangeMultiplier(4)->Range(1, 256)->UseRealTime();

void AppendAndFdatasync(benchmark::State& state) {
  const auto folder = ScratchFolder::Make(FolderForFiles(), false);
  if (!folder.ok()) return state.SkipWithError(std::string(folder.status().message()).c_str());
  const std::string path = (*folder)->path() + "/file";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const std::string block(static_cast<std::size_t>(state.range(0)), 'b');
  for (auto _ : state) {
    if (write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size()) ||
        fdatasync(file) != 0) {
      state.SkipWithError("it was not written");
    }
  }
  close(file);
}
BENCHMARK(AppendAndFdatasync)->Arg(4096)->Arg(65536)->UseRealTime();

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  namespace bench = tasker::bench;
  int told[2] = {-1, -1};
  if (pipe(told) != 0) return 1;
  // Before gRPC has any thread.
  bench::server_pid = fork();
  if (bench::server_pid == 0) bench::Serve(told[1]);
  if (read(told[0], &bench::server_port, sizeof(int)) != sizeof(int)) return 1;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  kill(bench::server_pid, SIGTERM);
  waitpid(bench::server_pid, nullptr, 0);
  return 0;
}

// Tokens, TLS options and several addresses.
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/client/client.h"
#include "tasker/client/worker.h"
#include "tests/cpp_client/fake_engine.h"
#include "tests/cpp_client/running_worker.h"

namespace tasker::client {
namespace {

using ::testing::HasSubstr;

const grpc::Status kUnauthenticated(grpc::StatusCode::UNAUTHENTICATED, "the token has ended");

// A token that the test changes.
class ChangingToken {
 public:
  explicit ChangingToken(std::string token) : token_(std::move(token)) {}
  TokenSource source() {
    return TokenSource([this] {
      absl::MutexLock lock(&mutex_);
      return token_;
    });
  }
  void Set(std::string token) {
    absl::MutexLock lock(&mutex_);
    token_ = std::move(token);
  }

 private:
  absl::Mutex mutex_;
  std::string token_ ABSL_GUARDED_BY(mutex_);
};

TEST(WorkerAccess, Token_GoesWithTheStreamAndWithReadingTasks) {
  FakeEngine engine;
  engine.on_get_task = [](const v1::GetTaskRequest&, v1::GetTaskResponse& response) {
    response.mutable_task()->add_steps()->set_name("far");
    return grpc::Status::OK;
  };
  WorkerOptions options = OptionsFor(engine);
  options.token = " secret\n";
  RunningWorker worker(options, [](Worker& w) {
    w.Register("Far", [](const Task&, const Sequence& sequence, const Step&) {
      return Json(sequence.find_step_by_name("far").state());
    });
  });
  FakeStream& stream = engine.AwaitStream();
  EXPECT_EQ(stream.authorization(), "Bearer secret");
  stream.SendRegistered();
  stream.Assign(MakeAssignment("t1", "Far"));
  stream.AwaitResult("t1");
  EXPECT_EQ(engine.last_authorization(), "Bearer secret");
}

TEST(WorkerAccess, NoToken_SendsNoMetadata) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), RegisterEcho);
  EXPECT_EQ(engine.AwaitStream().authorization(), "");
}

TEST(WorkerAccess, ChangedToken_IsSentWithTheNextHeartbeatOnce) {
  FakeEngine engine;
  ChangingToken token("first");
  WorkerOptions options = OptionsFor(engine);
  options.token = token.source();
  Gate gate;
  RunningWorker worker(options, [&](Worker& w) {
    w.Register("Slow", [&gate](const Task&, const Sequence&, const Step&) -> Json {
      gate.Pass();
      return 1;
    });
  });
  FakeStream& stream = engine.AwaitStream();
  v1::Registered registered = AllFeatures();
  registered.mutable_heartbeat_interval()->set_nanos(5'000'000);
  stream.SendRegistered(registered);
  stream.Assign(MakeAssignment("t1", "Slow"));
  gate.AwaitEntered();
  stream.AwaitHeartbeatOf({"t1"});
  token.Set("second");
  stream.AwaitMessage([](const auto& m) { return m.access_token() == "second"; }, "the new token");
  const std::size_t seen = stream.messages().size();
  while (stream.messages().size() < seen + 3) stream.AwaitHeartbeatOf({"t1"});
  int sent = 0;
  for (const v1::ConnectRequest& message : stream.messages()) {
    if (!message.access_token().empty()) ++sent;
  }
  EXPECT_EQ(sent, 1);
  gate.Open();
}

TEST(WorkerAccess, Unauthenticated_EndsAWorkerThatHasNoOtherToken) {
  FakeEngine engine;
  WorkerOptions options = OptionsFor(engine);
  options.token = "secret";
  RunningWorker worker(options, RegisterEcho);
  engine.AwaitStream().End(kUnauthenticated);
  const absl::Status status = worker.AwaitStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the token has ended"));
}

TEST(WorkerAccess, Unauthenticated_IsTriedAgainWithATokenThatMayChange) {
  FakeEngine engine;
  ChangingToken token("old");
  WorkerOptions options = OptionsFor(engine);
  options.token = token.source();
  RunningWorker worker(options, RegisterEcho);
  FakeStream& first = engine.AwaitStream();
  EXPECT_EQ(first.authorization(), "Bearer old");
  token.Set("new");
  first.End(kUnauthenticated);
  EXPECT_EQ(engine.AwaitStream().authorization(), "Bearer new");
}

TEST(WorkerAccess, Token_ThatCannotBeHadIsAskedForAgain) {
  FakeEngine engine;
  std::atomic<int> asked = 0;
  WorkerOptions options = OptionsFor(engine);
  options.token = TokenSource([&asked]() -> std::string {
    const int times = ++asked;
    if (times == 1) throw std::runtime_error("the file is gone");
    if (times == 2) return "no\nheader";
    return "good";
  });
  RunningWorker worker(options, RegisterEcho);
  EXPECT_EQ(engine.AwaitStream().authorization(), "Bearer good");
}

TEST(WorkerAccess, Refusals_ForGoodEndRun) {
  for (const grpc::StatusCode code :
       {grpc::StatusCode::PERMISSION_DENIED, grpc::StatusCode::UNIMPLEMENTED}) {
    FakeEngine engine;
    RunningWorker worker(OptionsFor(engine), RegisterEcho);
    engine.AwaitStream().End({code, "no"});
    EXPECT_EQ(static_cast<int>(worker.AwaitStatus().code()), static_cast<int>(code));
  }
}

TEST(WorkerAccess, Addresses_AreTakenInTurn) {
  FakeEngine engines[2];
  WorkerOptions options = OptionsFor(engines[0]);
  options.server = engines[0].address() + ", " + engines[1].address();
  RunningWorker worker(options, RegisterEcho);
  // Which is first is left to chance.
  while (engines[0].stream_count() + engines[1].stream_count() == 0) std::this_thread::yield();
  const int first = engines[0].stream_count() > 0 ? 0 : 1;
  engines[first].AwaitStream().End({grpc::StatusCode::UNAVAILABLE, "stops"});
  FakeStream& stream = engines[1 - first].AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("t1"));
  EXPECT_TRUE(stream.AwaitResult("t1").has_success());
}

TEST(WorkerAccess, Options_ThatAreWrongAreNamed) {
  WorkerOptions options;
  options.log = [](std::string_view) {};
  const auto status_with = [&options](auto change) {
    WorkerOptions changed = options;
    change(changed);
    Worker worker(changed);
    RegisterEcho(worker);
    return worker.Run();
  };
  const absl::Status no_file =
      status_with([](WorkerOptions& o) { o.tls = TlsOptions{.ca_file = "no/such/authority.pem"}; });
  EXPECT_EQ(no_file.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(no_file.message()), HasSubstr("no/such/authority.pem"));
  EXPECT_EQ(
      status_with([](WorkerOptions& o) { o.tls = TlsOptions{.certificate_file = "a.pem"}; }).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status_with([](WorkerOptions& o) { o.server = " , "; }).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ClientAccess, Client_SendsItsTokenAndPassesOverADeadAddress) {
  FakeEngine dead, alive;
  dead.Die();
  alive.on_get_task = [](const v1::GetTaskRequest&, v1::GetTaskResponse&) {
    return grpc::Status::OK;
  };
  Client client({.server = dead.address() + "," + alive.address(), .token = "secret"});
  EXPECT_EQ(client.GetTask("t").status(), absl::OkStatus());
  EXPECT_EQ(alive.last_authorization(), "Bearer secret");
}

}  // namespace
}  // namespace tasker::client

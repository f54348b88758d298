// A worker over one connection that holds.
#include "tasker/client/worker.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <stdexcept>
#include <string>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cpp_client/fake_engine.h"
#include "tests/cpp_client/running_worker.h"

namespace tasker::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Worker, Register_SaysWhoItIsAndWhatItServes) {
  FakeEngine engine;
  WorkerOptions options = OptionsFor(engine);
  options.concurrency = 7;
  options.labels = {{"region", "north"}};
  RunningWorker worker(options, [](Worker& w) {
    RegisterEcho(w);
    w.RegisterRaw("Raw", [](const Task&, const Sequence&, const Step&) { return "1"; },
                  {.namespace_name = "shop", .version = "2.0.0", .concurrency = 3});
  });
  FakeStream& stream = engine.AwaitStream();
  const v1::Register registration = stream.AwaitRegister();
  EXPECT_EQ(registration.name(), "test-handlers");
  EXPECT_EQ(registration.instance_id().size(), 36u);
  EXPECT_EQ(registration.sdk_name(), "tasker-cpp");
  EXPECT_EQ(registration.concurrency(), 7u);
  EXPECT_EQ(registration.labels().at("region"), "north");
  EXPECT_THAT(registration.held_tokens(), IsEmpty());
  ASSERT_EQ(registration.handler_classes_size(), 2);
  EXPECT_EQ(registration.handler_classes(0).handler_class(), "Echo");
  const v1::HandlerClass& raw = registration.handler_classes(1);
  EXPECT_EQ(raw.handler_class(), "Raw");
  EXPECT_EQ(raw.namespace_(), "shop");
  EXPECT_EQ(raw.version(), "2.0.0");
  EXPECT_EQ(raw.concurrency(), 3u);
}

TEST(Worker, Assignment_ReachesTheHandlerWithAllItsFields) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), [](Worker& w) {
    w.Register("Show", [](const Task& task, const Sequence& sequence, const Step& step) -> Json {
      return {task.id(),
              task.name(),
              task.namespace_name(),
              task.version(),
              task.context(),
              step.id(),
              step.name(),
              step.handler_class(),
              step.handler_config(),
              step.attempt_number(),
              step.retry_limit(),
              get_previous_step_data(sequence, "before", "x")};
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  v1::Assignment assignment = MakeAssignment("t1", "Show", R"({"order_id":7})");
  assignment.set_handler_config(R"({"timeout":30})");
  assignment.set_attempt_number(2);
  v1::DependencyResults& before = *assignment.add_dependencies();
  before.set_step_name("before");
  before.set_results(R"({"x":[1,2]})");
  stream.Assign(assignment);
  const Json shown = Json::parse(stream.AwaitResult("t1").success().results());
  EXPECT_EQ(shown, Json({assignment.task_id(),
                         "order_process",
                         "default",
                         "0.1.0",
                         {{"order_id", 7}},
                         assignment.step_id(),
                         "the_step",
                         "Show",
                         {{"timeout", 30}},
                         2,
                         3,
                         {1, 2}}));
}

TEST(Worker, ThreadsZero_AnswersAWholeFrameInOneMessage) {
  FakeEngine engine;
  WorkerOptions options = OptionsFor(engine);
  options.threads = 0;
  RunningWorker worker(options, RegisterEcho);
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  v1::ConnectResponse frame;
  for (const char* token : {"a", "b", "c"}) *frame.add_assignments() = MakeAssignment(token);
  stream.Send(frame);
  stream.AwaitResult("c");
  ASSERT_EQ(stream.messages().size(), 1u);
  EXPECT_EQ(stream.messages()[0].results_size(), 3);
}

TEST(Worker, Failure_CarriesClassMessageAndRetryability) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), [](Worker& w) {
    w.Register("Broken", [](const Task&, const Sequence&, const Step&) -> Json {
      throw PermanentError("no such card");
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("t1", "Broken"));
  const v1::Failure failure = stream.AwaitResult("t1").failure();
  EXPECT_EQ(failure.error_class(), "tasker::client::PermanentError");
  EXPECT_EQ(failure.message(), "no such card");
  EXPECT_FALSE(failure.retryable());
}

TEST(Worker, Threads_BoundHowManyHandlersRunAtOnce) {
  FakeEngine engine;
  WorkerOptions options = OptionsFor(engine);
  options.threads = 2;
  std::atomic<int> running = 0;
  std::atomic<int> running_max = 0;
  // The first two meet in their handlers, so both threads run at once for certain.
  absl::Barrier* const meeting = new absl::Barrier(2);
  std::atomic<int> arrivals = 0;
  RunningWorker worker(options, [&](Worker& w) {
    w.Register("Count", [&](const Task&, const Sequence&, const Step&) -> Json {
      const int now = ++running;
      for (int seen = running_max; seen < now && !running_max.compare_exchange_weak(seen, now);) {
      }
      if (++arrivals <= 2 && meeting->Block()) delete meeting;
      --running;
      return now;
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  v1::ConnectResponse frame;
  for (int i = 0; i < 8; ++i) {
    *frame.add_assignments() = MakeAssignment(std::to_string(i), "Count");
  }
  stream.Send(frame);
  for (int i = 0; i < 8; ++i) stream.AwaitResult(std::to_string(i));
  EXPECT_EQ(running_max, 2);
}

TEST(Worker, ManyAssignments_AreEachAnsweredOnce) {
  constexpr int kCount = 5000;
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine, kPatient), RegisterEcho);
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  v1::ConnectResponse frame;
  for (int i = 1; i <= kCount; ++i) {
    *frame.add_assignments() = MakeAssignment(std::to_string(i));
    if (i % 50 != 0) continue;
    stream.Send(frame);
    frame.Clear();
  }
  // A worker that holds nothing yet would close its side as soon as it is stopped.
  stream.AwaitResult("1");
  worker.Stop();
  stream.AwaitDrain();
  std::set<std::string> tokens;
  std::size_t results = 0;
  for (int i = kCount; i > 0; --i)
    stream.Acknowledge(stream.AwaitResult(std::to_string(i)).token());
  stream.AwaitHalfClose();
  for (const v1::ConnectRequest& message : stream.messages()) {
    for (const v1::StepResult& result : message.results()) {
      tokens.insert(result.token());
      ++results;
    }
  }
  stream.End(grpc::Status::OK);
  EXPECT_EQ(tokens.size(), static_cast<std::size_t>(kCount));
  EXPECT_EQ(results, static_cast<std::size_t>(kCount));
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
}

TEST(Worker, DuplicateAssignment_IsDoneOnce) {
  FakeEngine engine;
  std::atomic<int> calls = 0;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) {
    w.Register("Count", [&](const Task&, const Sequence&, const Step&) -> Json { return ++calls; });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("t1", "Count"));
  stream.AwaitResult("t1");
  stream.Assign(MakeAssignment("t1", "Count"));
  stream.Assign(MakeAssignment("t2", "Count"));
  EXPECT_EQ(stream.AwaitResult("t2").success().results(), "2");
}

TEST(Worker, Cancellation_TellsTheHandlerAndSendsWhatBecameOfIt) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine, kPatient), [&](Worker& w) {
    RegisterEcho(w);
    w.Register("Slow", [&](const Task&, const Sequence&, const Step& step) -> Json {
      gate.Pass();
      if (step.cancelled()) throw std::runtime_error("stopped in time");
      return "late";
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("slow", "Slow"));
  gate.AwaitEntered();
  stream.Cancel("slow");
  stream.Assign(MakeAssignment("marker"));
  stream.AwaitResult("marker");
  gate.Open();
  const v1::StepResult result = stream.AwaitResult("slow");
  EXPECT_EQ(result.failure().message(), "stopped in time");
  EXPECT_FALSE(result.failure().retryable());
  stream.Acknowledge("marker");
  stream.Acknowledge("slow");
  worker.Stop();
  stream.AwaitHalfClose();
  stream.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
}

TEST(Worker, Assignments_AreConfirmedBeforeTheyAreDone) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine, kPatient), [&](Worker& w) {
    RegisterEcho(w);
    w.Register("Slow", [&](const Task&, const Sequence&, const Step&) -> Json {
      gate.Pass();
      return 1;
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("slow", "Slow"));
  gate.AwaitEntered();
  stream.Assign(MakeAssignment("marker"));
  stream.AwaitResult("marker");
  std::vector<std::string> confirmed;
  for (const v1::ConnectRequest& message : stream.messages()) {
    for (const std::string& token : message.confirmed_tokens()) confirmed.push_back(token);
  }
  EXPECT_THAT(confirmed, ::testing::Contains("slow"));
  gate.Open();
  stream.AwaitResult("slow");
  stream.Acknowledge("marker");
  stream.Acknowledge("slow");
  worker.Stop();
  stream.AwaitHalfClose();
  stream.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
}

TEST(Worker, Cancellation_TellsTheHandlerAndDropsItsResult) {
  FakeEngine engine;
  Gate gate;
  absl::Notification left;
  bool seen_cancelled = false;
  RunningWorker worker(OptionsFor(engine, kPatient), [&](Worker& w) {
    RegisterEcho(w);
    w.Register("Slow", [&](const Task&, const Sequence&, const Step& step) -> Json {
      gate.Pass();
      seen_cancelled = step.cancelled();
      left.Notify();
      return "late";
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("slow", "Slow"));
  gate.AwaitEntered();
  stream.Cancel("slow", true);
  stream.Assign(MakeAssignment("marker"));
  // Frames are worked off in order: with this answer the cancellation has been read.
  stream.AwaitResult("marker");
  gate.Open();
  left.WaitForNotification();
  EXPECT_TRUE(seen_cancelled);

  stream.Acknowledge("marker");
  worker.Stop();
  stream.AwaitHalfClose();
  stream.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
  for (const v1::ConnectRequest& message : stream.messages()) {
    for (const v1::StepResult& result : message.results()) EXPECT_NE(result.token(), "slow");
  }
}

TEST(Worker, Heartbeat_NamesRunningAndUnacknowledgedAttempts) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) {
    RegisterEcho(w);
    w.Register("Slow", [&](const Task&, const Sequence&, const Step&) -> Json {
      gate.Pass();
      return 1;
    });
  });
  FakeStream& stream = engine.AwaitStream();
  v1::Registered registered;
  registered.mutable_heartbeat_interval()->set_nanos(5'000'000);
  stream.SendRegistered(registered);
  stream.Assign(MakeAssignment("running", "Slow"));
  stream.Assign(MakeAssignment("unacknowledged"));
  gate.AwaitEntered();
  stream.AwaitResult("unacknowledged");
  EXPECT_EQ(stream.AwaitHeartbeatOf({"running", "unacknowledged"}).tokens_size(), 2);
  gate.Open();
}

TEST(Worker, ResultsOfFartherSteps_AreFetchedFromTheService) {
  FakeEngine engine;
  std::atomic<int> questions = 0;
  engine.on_get_task = [&](const v1::GetTaskRequest& request, v1::GetTaskResponse& response) {
    ++questions;
    v1::Step& step = *response.mutable_task()->add_steps();
    step.set_name("fetch_order");
    step.set_results(R"({"task":")" + request.task_id() + R"("})");
    return grpc::Status::OK;
  };
  RunningWorker worker(OptionsFor(engine), [](Worker& w) {
    w.Register("Far", [](const Task&, const Sequence& sequence, const Step&) -> Json {
      get_previous_step_data(sequence, "fetch_order", "task");
      return get_previous_step_data(sequence, "fetch_order", "task");
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  const v1::Assignment assignment = MakeAssignment("t1", "Far");
  stream.Assign(assignment);
  EXPECT_EQ(stream.AwaitResult("t1").success().results(), '"' + assignment.task_id() + '"');
  EXPECT_EQ(questions, 1);
}

TEST(Worker, ResultsOverTheLimit_AreAPermanentFailureThatNamesSizeAndLimit) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), [](Worker& w) {
    w.RegisterRaw("Size", [](const Task& task, const Sequence&, const Step&) {
      return std::string(task.context().at("size").get<std::size_t>(), '1');
    });
  });
  FakeStream& stream = engine.AwaitStream();
  v1::Registered registered;
  registered.set_payload_bytes_max(1000);
  stream.SendRegistered(registered);
  stream.Assign(MakeAssignment("fits", "Size", R"({"size":1000})"));
  stream.Assign(MakeAssignment("too large", "Size", R"({"size":1001})"));
  EXPECT_EQ(stream.AwaitResult("fits").success().results().size(), 1000u);
  const v1::Failure failure = stream.AwaitResult("too large").failure();
  EXPECT_EQ(failure.error_class(), "Tasker::InvalidResults");
  EXPECT_THAT(failure.message(), HasSubstr("1001"));
  EXPECT_THAT(failure.message(), HasSubstr("1000"));
  EXPECT_TRUE(failure.has_retryable());
  EXPECT_FALSE(failure.retryable());
}

TEST(Worker, Run_NeedsAHandlerAndRunsOnce) {
  FakeEngine engine;
  Worker worker(OptionsFor(engine));
  EXPECT_EQ(worker.Run().code(), absl::StatusCode::kFailedPrecondition);
  RegisterEcho(worker);
  worker.Stop();
  EXPECT_EQ(worker.Run(), absl::OkStatus());
  EXPECT_EQ(worker.Run().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Worker, Name_MustBeUtf8) {
  FakeEngine engine;
  WorkerOptions options = OptionsFor(engine);
  options.name = "caf\xe9";
  Worker worker(options);
  RegisterEcho(worker);
  EXPECT_EQ(worker.Run().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tasker::client

// What goes beyond the protocol's first version: credits, reports, deferral, events, task handlers.
#include <atomic>
#include <set>
#include <string>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/client/worker.h"
#include "tests/cpp_client/fake_engine.h"
#include "tests/cpp_client/running_worker.h"

namespace tasker::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

void RegisterEchoAndSlow(Worker& worker, Gate& gate) {
  RegisterEcho(worker);
  worker.Register("Slow", [&gate](const Task&, const Sequence&, const Step&) -> Json {
    gate.Pass();
    return 1;
  });
}

v1::ConnectRequest AwaitCredits(FakeStream& stream, std::uint64_t credits) {
  return stream.AwaitMessage(
      [credits](const v1::ConnectRequest& m) { return m.has_credits() && m.credits() == credits; },
      "credits");
}

bool HasResultOf(const v1::ConnectRequest& message, const std::string& token) {
  for (const v1::StepResult& result : message.results()) {
    if (result.token() == token) return true;
  }
  return false;
}

v1::Registered WithoutFeature(v1::ProtocolFeature feature) {
  const v1::Registered all = AllFeatures();
  v1::Registered registered;
  for (const int each : all.features()) {
    if (each != feature) registered.add_features(static_cast<v1::ProtocolFeature>(each));
  }
  return registered;
}

TEST(WorkerProtocol, Register_NamesAllFeaturesAndTaskHandlers) {
  FakeEngine engine;
  WorkerOptions options = OptionsFor(engine);
  options.namespace_name = "billing";
  RunningWorker worker(options, [](Worker& w) {
    RegisterEcho(w);
    w.RegisterTaskHandler("OrderTask", std::make_shared<TaskHandler>());
  });
  const v1::Register registration = engine.AwaitStream().AwaitRegister();
  const std::set<int> features(registration.features().begin(), registration.features().end());
  EXPECT_THAT(features, SizeIs(v1::ProtocolFeature_MAX));
  EXPECT_TRUE(registration.confirms_assignments());
  ASSERT_EQ(registration.task_handler_classes_size(), 1);
  EXPECT_EQ(registration.task_handler_classes(0).handler_class(), "OrderTask");
  EXPECT_EQ(registration.task_handler_classes(0).namespace_(), "billing");
}

TEST(WorkerProtocol, Credits_BeginAsTheConcurrencyAndRiseInTheFrameOfEachResult) {
  FakeEngine engine;
  WorkerOptions options = OptionsFor(engine);
  options.concurrency = 3;
  RunningWorker worker(options, RegisterEcho);
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  AwaitCredits(stream, 3);
  stream.Assign(MakeAssignment("t1"));
  EXPECT_TRUE(HasResultOf(AwaitCredits(stream, 4), "t1"));
  stream.Acknowledge("t1");
  stream.Assign(MakeAssignment("t2"));
  EXPECT_TRUE(HasResultOf(AwaitCredits(stream, 5), "t2"));
}

TEST(WorkerProtocol, Credits_ComeBackForSupersededAttemptsOnce) {
  FakeEngine engine;
  Gate gate;
  WorkerOptions options = OptionsFor(engine);
  options.concurrency = 2;
  RunningWorker worker(options, [&](Worker& w) { RegisterEchoAndSlow(w, gate); });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  stream.Assign(MakeAssignment("slow", "Slow"));
  stream.Assign(MakeAssignment("done"));
  gate.AwaitEntered();
  stream.AwaitResult("done");
  AwaitCredits(stream, 3);
  stream.Cancel("done", /*superseded=*/true);
  stream.Cancel("slow", /*superseded=*/true);
  AwaitCredits(stream, 4);
  stream.Assign(MakeAssignment("marker"));
  EXPECT_TRUE(HasResultOf(AwaitCredits(stream, 5), "marker"));
  gate.Open();
}

TEST(WorkerProtocol, Credits_OfANewStreamLeaveOutWhatIsHeldButNotWhatIsStale) {
  FakeEngine engine;
  Gate gate;
  WorkerOptions options = OptionsFor(engine);
  options.concurrency = 4;
  RunningWorker worker(options, [&](Worker& w) { RegisterEchoAndSlow(w, gate); });
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered(AllFeatures());
  first.Assign(MakeAssignment("slow", "Slow"));
  gate.AwaitEntered();
  for (const char* token : {"unacknowledged", "stale"}) {
    first.Assign(MakeAssignment(token));
    first.AwaitResult(token);
  }
  first.End({grpc::StatusCode::UNAVAILABLE, "cut"});

  FakeStream& second = engine.AwaitStream();
  v1::Registered registered = AllFeatures();
  registered.add_stale_tokens("stale");
  second.SendRegistered(registered);
  // 4, less 3 held, 1 for the stale one, 1 for the result that is sent again.
  EXPECT_TRUE(HasResultOf(AwaitCredits(second, 3), "unacknowledged"));
  gate.Open();
  EXPECT_TRUE(HasResultOf(AwaitCredits(second, 4), "slow"));
}

TEST(WorkerProtocol, Credits_AreNotSentUnaskedAndNotRaisedOnceItStops) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine, kPatient),
                       [&](Worker& w) { RegisterEchoAndSlow(w, gate); });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  stream.Assign(MakeAssignment("slow", "Slow"));
  gate.AwaitEntered();
  AwaitCredits(stream, 16);
  worker.Stop();
  stream.AwaitDrain();
  gate.Open();
  stream.AwaitResult("slow");
  stream.Acknowledge("slow");
  stream.Drain();
  stream.AwaitHalfClose();
  for (const v1::ConnectRequest& message : stream.messages()) {
    EXPECT_TRUE(!message.has_credits() || message.credits() == 16);
  }
  stream.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
}

TEST(WorkerProtocol, OlderService_GetsNothingThatItDoesNotName) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), [](Worker& w) {
    w.Register("All", [](const Task&, const Sequence&, const Step& step) -> Json {
      step.publish("order.paid");
      step.progress(0.5, "half");
      throw BusinessError("Declined", "no", {{"a", 1}});
    });
    w.Register("Later", [](const Task&, const Sequence&, const Step& step) -> Json {
      step.defer();
      return nullptr;
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("all", "All"));
  const v1::StepResult all = stream.AwaitResult("all");
  EXPECT_EQ(all.events_size(), 0);
  EXPECT_EQ(all.failure().error_class(), "Declined");
  EXPECT_FALSE(all.failure().business());
  EXPECT_EQ(all.failure().details(), "");
  EXPECT_FALSE(all.failure().retryable());
  stream.Assign(MakeAssignment("later", "Later"));
  const v1::Failure later = stream.AwaitResult("later").failure();
  EXPECT_THAT(later.message(), HasSubstr("deferred"));
  EXPECT_TRUE(later.has_retryable() && !later.retryable());
  for (const v1::ConnectRequest& message : stream.messages()) {
    EXPECT_FALSE(message.has_credits());
    EXPECT_EQ(message.heartbeat().progress_size(), 0);
  }
}

TEST(WorkerProtocol, Result_ThatWaitsForAnOlderServiceIsReducedForIt) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), [](Worker& w) {
    w.Register("Publish", [](const Task&, const Sequence&, const Step& step) -> Json {
      step.publish("order.paid");
      return 1;
    });
  });
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered(AllFeatures());
  first.Assign(MakeAssignment("t1", "Publish"));
  EXPECT_EQ(first.AwaitResult("t1").events_size(), 1);
  first.End({grpc::StatusCode::UNAVAILABLE, "cut"});
  FakeStream& second = engine.AwaitStream();
  second.SendRegistered(WithoutFeature(v1::PROTOCOL_FEATURE_CUSTOM_EVENTS));
  const v1::StepResult result = second.AwaitResult("t1");
  EXPECT_TRUE(result.has_success());
  EXPECT_EQ(result.events_size(), 0);
}

TEST(WorkerProtocol, CheckpointAndProgress_LeaveAtOnceAndBeforeTheResult) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) {
    w.Register("Report", [&gate](const Task&, const Sequence&, const Step& step) -> Json {
      step.progress(0.25, "caf\xe9");
      gate.Pass();
      step.checkpoint({{"count", 1}});
      step.checkpoint({{"count", 2}});
      return 1;
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  stream.Assign(MakeAssignment("t1", "Report"));
  const v1::Progress progress =
      stream
          .AwaitMessage([](const auto& m) { return m.heartbeat().progress_size() > 0; }, "progress")
          .heartbeat()
          .progress(0);
  EXPECT_EQ(progress.token(), "t1");
  EXPECT_EQ(progress.fraction(), 0.25);
  EXPECT_EQ(progress.message(), "caf\xEF\xBF\xBD");
  gate.Open();
  stream.AwaitResult("t1");
  std::string newest;
  for (const v1::ConnectRequest& message : stream.messages()) {
    if (HasResultOf(message, "t1")) {
      EXPECT_EQ(newest, R"({"count":2})");
      EXPECT_EQ(message.heartbeat().checkpoints_size(), 0);
    }
    for (const auto& each : message.heartbeat().checkpoints()) newest = each.checkpoint();
  }
}

TEST(WorkerProtocol, HeartbeatTimeout_IsMetByMoreFrequentHeartbeats) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) { RegisterEchoAndSlow(w, gate); });
  FakeStream& stream = engine.AwaitStream();
  v1::Registered registered = AllFeatures();
  registered.mutable_heartbeat_interval()->set_seconds(3600);
  stream.SendRegistered(registered);
  v1::Assignment assignment = MakeAssignment("slow", "Slow");
  assignment.mutable_heartbeat_timeout()->set_nanos(60'000'000);
  stream.Assign(assignment);
  gate.AwaitEntered();
  stream.AwaitHeartbeatOf({"slow"});
  gate.Open();
}

TEST(WorkerProtocol, Deferral_IsAResultOfItsOwn) {
  FakeEngine engine;
  std::string token;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) {
    w.Register("Later", [&token](const Task&, const Sequence&, const Step& step) -> Json {
      token = step.token();
      step.defer(std::chrono::seconds(30));
      return nullptr;
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  stream.Assign(MakeAssignment(std::string("\xff\xfe\x00", 3), "Later"));
  const v1::StepResult result = stream.AwaitResult(std::string("\xff\xfe\x00", 3));
  ASSERT_TRUE(result.has_deferred());
  EXPECT_EQ(result.deferred().timeout().seconds(), 30);
  EXPECT_EQ(token, "__4A");
}

TEST(WorkerProtocol, Cancellation_TellsItsReasonAndWakesWhoWaits) {
  FakeEngine engine;
  absl::Notification entered;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) {
    w.Register("Wait", [&](const Task&, const Sequence&, const Step& step) -> Json {
      entered.Notify();
      if (!step.wait_cancelled(std::chrono::minutes(1))) return "not cancelled";
      EXPECT_EQ(step.cancel_reason(), "the test says so");
      step.throw_if_cancelled();
      return "not thrown";
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  stream.Assign(MakeAssignment("t1", "Wait"));
  entered.WaitForNotification();
  stream.Cancel("t1");
  const v1::Failure failure = stream.AwaitResult("t1").failure();
  EXPECT_EQ(failure.error_class(), "Tasker::Cancelled");
  EXPECT_THAT(failure.message(), HasSubstr("the test says so"));
  EXPECT_FALSE(failure.retryable());
}

TEST(WorkerProtocol, UnknownKindOfAssignment_FailsForGoodAndRunsNoStep) {
  FakeEngine engine;
  std::atomic<int> calls = 0;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) {
    w.Register("Count", [&](const Task&, const Sequence&, const Step&) -> Json { return ++calls; });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  v1::Assignment assignment = MakeAssignment("t1", "Count");
  assignment.set_kind(static_cast<v1::AssignmentKind>(77));
  stream.Assign(assignment);
  const v1::Failure failure = stream.AwaitResult("t1").failure();
  EXPECT_THAT(failure.message(), HasSubstr("77"));
  EXPECT_TRUE(failure.has_retryable() && !failure.retryable());
  EXPECT_EQ(calls, 0);
}

class OrderTask : public TaskHandler {
 public:
  void validate_task_request(const TaskRequest& request) override {
    if (request.context.contains("refuse")) throw std::domain_error("the shop is closed");
    if (request.context.contains("later")) throw RetryableError("counting the stock");
  }
  Json initialize_task_context(const TaskRequest& request) override {
    if (request.context.contains("break")) throw std::runtime_error("the database is away");
    Json context = request.context;
    context["seen"] = {request.name, request.namespace_name, request.initiator, request.tags,
                       request.bypass_steps};
    return context;
  }
};

v1::StepResult Initialize(FakeStream& stream, const std::string& context) {
  v1::Assignment assignment = MakeAssignment(context, "OrderTask", context);
  assignment.set_kind(v1::ASSIGNMENT_KIND_INITIALIZE_TASK);
  assignment.mutable_request()->set_initiator("me");
  assignment.mutable_request()->add_tags("urgent");
  assignment.mutable_request()->add_bypass_steps("mail");
  stream.Assign(assignment);
  return stream.AwaitResult(context);
}

TEST(WorkerProtocol, TaskHandler_GivesTheContextOrRefuses) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), [](Worker& w) {
    w.RegisterTaskHandler("OrderTask", std::make_shared<OrderTask>());
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  EXPECT_EQ(Json::parse(Initialize(stream, R"({"n":18446744073709551615})").success().results()),
            Json({{"n", 18446744073709551615ull},
                  {"seen", {"order_process", "default", "me", {"urgent"}, {"mail"}}}}));
  const v1::Failure refused = Initialize(stream, R"({"refuse":1})").failure();
  EXPECT_EQ(refused.error_class(), "std::domain_error");
  EXPECT_EQ(refused.message(), "the shop is closed");
  EXPECT_TRUE(refused.has_retryable() && !refused.retryable());
  EXPECT_TRUE(Initialize(stream, R"({"later":1})").failure().retryable());
  EXPECT_FALSE(Initialize(stream, R"({"break":1})").failure().has_retryable());
  EXPECT_FALSE(Initialize(stream, "[1]").failure().retryable());
}

TEST(WorkerProtocol, Metrics_TellOfStepsAndConnections) {
  FakeEngine engine;
  absl::Mutex mutex;
  std::vector<std::string> told;
  const auto note = [&](std::string what) {
    absl::MutexLock lock(&mutex);
    told.push_back(std::move(what));
  };
  WorkerOptions options = OptionsFor(engine, kPatient);
  options.metrics.step_started = [&](std::string_view name) { note("start " + std::string(name)); };
  options.metrics.step_finished = [&](std::string_view name, StepOutcome outcome, auto time) {
    EXPECT_GE(time.count(), 0);
    note(std::string(NameOf(outcome)) + " " + std::string(name));
  };
  options.metrics.connected = [&](std::string_view) { note("connected"); };
  options.metrics.disconnected = [&](std::string_view) { note("disconnected"); };
  RunningWorker worker(options, [](Worker& w) {
    RegisterEcho(w);
    w.Register("Declined", [](const Task&, const Sequence&, const Step&) -> Json {
      throw BusinessError("Declined", "no");
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  for (const char* token : {"Echo", "Declined"}) {
    stream.Assign(MakeAssignment(token, token));
    stream.AwaitResult(token);
    stream.Acknowledge(token);
  }
  worker.Stop();
  stream.AwaitDrain();
  stream.Drain();
  stream.AwaitHalfClose();
  stream.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
  EXPECT_THAT(told, ElementsAre("connected", "start Echo", "success Echo", "start Declined",
                                "business_error Declined", "disconnected"));
}

}  // namespace
}  // namespace tasker::client

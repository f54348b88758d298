// A worker whose connection breaks.
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
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const grpc::Status kUnavailable(grpc::StatusCode::UNAVAILABLE, "the test cuts the stream");

void RegisterEchoAndSlow(Worker& worker, Gate& gate) {
  RegisterEcho(worker);
  worker.Register("Slow", [&gate](const Task&, const Sequence&, const Step& step) -> Json {
    gate.Pass();
    return {{"cancelled", step.cancelled()}};
  });
}

TEST(WorkerReconnect, CutStream_IsMadeAgainWithHeldTokensAndResultsSentAgain) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) { RegisterEchoAndSlow(w, gate); });
  FakeStream& first = engine.AwaitStream();
  const std::string instance_id = first.AwaitRegister().instance_id();
  first.SendRegistered();
  for (const char* token : {"acknowledged", "unacknowledged"}) first.Assign(MakeAssignment(token));
  first.Assign(MakeAssignment("running", "Slow"));
  first.AwaitResult("acknowledged");
  first.AwaitResult("unacknowledged");
  gate.AwaitEntered();
  first.Acknowledge("acknowledged");
  first.End(kUnavailable);

  FakeStream& second = engine.AwaitStream();
  const v1::Register registration = second.AwaitRegister();
  EXPECT_EQ(registration.instance_id(), instance_id);
  EXPECT_THAT(registration.held_tokens(), UnorderedElementsAre("running", "unacknowledged"));
  second.SendRegistered();
  EXPECT_TRUE(second.AwaitResult("unacknowledged").has_success());
  gate.Open();
  EXPECT_EQ(second.AwaitResult("running").success().results(), R"({"cancelled":false})");
}

TEST(WorkerReconnect, AcknowledgedResults_AreForgotten) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), RegisterEcho);
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered();
  const auto outcomes = {v1::ACKNOWLEDGEMENT_OUTCOME_APPLIED,
                         v1::ACKNOWLEDGEMENT_OUTCOME_ALREADY_APPLIED,
                         v1::ACKNOWLEDGEMENT_OUTCOME_STALE};
  for (const v1::AcknowledgementOutcome outcome : outcomes) {
    const std::string token = v1::AcknowledgementOutcome_Name(outcome);
    first.Assign(MakeAssignment(token));
    first.AwaitResult(token);
    first.Acknowledge(token, outcome);
  }
  first.End(kUnavailable);
  EXPECT_THAT(engine.AwaitStream().AwaitRegister().held_tokens(), IsEmpty());
}

TEST(WorkerReconnect, StaleTokens_StopTheHandlerAndDropTheResult) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine, kPatient),
                       [&](Worker& w) { RegisterEchoAndSlow(w, gate); });
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered();
  first.Assign(MakeAssignment("running", "Slow"));
  first.Assign(MakeAssignment("unacknowledged"));
  gate.AwaitEntered();
  first.AwaitResult("unacknowledged");
  first.End(kUnavailable);

  FakeStream& second = engine.AwaitStream();
  EXPECT_EQ(second.AwaitRegister().held_tokens_size(), 2);
  v1::Registered registered;
  registered.add_stale_tokens("running");
  registered.add_stale_tokens("unacknowledged");
  second.SendRegistered(registered);
  second.Assign(MakeAssignment("marker"));
  second.AwaitResult("marker");
  gate.Open();
  second.Acknowledge("marker");
  worker.Stop();
  second.AwaitHalfClose();
  second.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
  for (const v1::ConnectRequest& message : second.messages()) {
    for (const v1::StepResult& result : message.results()) EXPECT_EQ(result.token(), "marker");
  }
}

TEST(WorkerReconnect, ServiceThatDiesAndComesBack_IsFoundAgain) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) { RegisterEchoAndSlow(w, gate); });
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered();
  first.Assign(MakeAssignment("running", "Slow"));
  gate.AwaitEntered();
  engine.Die();
  gate.Open();
  engine.Revive();
  FakeStream& second = engine.AwaitStream();
  EXPECT_THAT(second.AwaitRegister().held_tokens(), ElementsAre("running"));
  second.SendRegistered();
  EXPECT_TRUE(second.AwaitResult("running").has_success());
}

TEST(WorkerReconnect, FirstMessageWithoutRegistered_IsNotTakenForAService) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), RegisterEcho);
  FakeStream& first = engine.AwaitStream();
  first.Assign(MakeAssignment("too early"));
  first.AwaitDone();
  FakeStream& second = engine.AwaitStream();
  EXPECT_THAT(second.AwaitRegister().held_tokens(), IsEmpty());
  EXPECT_THAT(first.messages(), IsEmpty());
}

TEST(WorkerReconnect, InvalidArgument_EndsRunWithTheServicesMessage) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), RegisterEcho);
  engine.AwaitStream().End({grpc::StatusCode::INVALID_ARGUMENT, "register.name is too long"});
  const absl::Status status = worker.AwaitStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("register.name is too long"));
}

TEST(WorkerReconnect, Aborted_EndsRunAndCancelsWhatRuns) {
  FakeEngine engine;
  absl::Notification entered;
  bool seen_cancelled = false;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) {
    w.Register("Watch", [&](const Task&, const Sequence&, const Step& step) -> Json {
      entered.Notify();
      while (!step.cancelled()) std::this_thread::yield();
      seen_cancelled = true;
      return 1;
    });
  });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("t1", "Watch"));
  entered.WaitForNotification();
  stream.End({grpc::StatusCode::ABORTED, "superseded"});
  EXPECT_EQ(worker.AwaitStatus().code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(seen_cancelled);
  EXPECT_EQ(engine.stream_count(), 1u);
}

}  // namespace
}  // namespace tasker::client

// A worker that stops, and a service that does.
#include <chrono>
#include <functional>
#include <memory>
#include <string>

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

void RegisterSlow(Worker& worker, Gate& gate) {
  RegisterEcho(worker);
  worker.Register("Slow", [&gate](const Task&, const Sequence&, const Step&) -> Json {
    gate.Pass();
    return "slowly";
  });
}

TEST(WorkerDrain, Stop_FinishesWhatRunsAndClosesOnceAllIsAcknowledged) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine, kPatient), [&](Worker& w) { RegisterSlow(w, gate); });
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("running", "Slow"));
  gate.AwaitEntered();
  worker.Stop();
  stream.AwaitDrain();
  gate.Open();
  EXPECT_EQ(stream.AwaitResult("running").success().results(), "\"slowly\"");
  EXPECT_FALSE(stream.half_closed());
  stream.Acknowledge("running");
  stream.AwaitHalfClose();
  stream.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
  EXPECT_EQ(engine.stream_count(), 1u);
}

TEST(WorkerDrain, Stop_ClosesAtOnceWhenNothingIsHeld) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine, kPatient), RegisterEcho);
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  worker.Stop();
  stream.AwaitHalfClose();
  ASSERT_EQ(stream.messages().size(), 1u);
  EXPECT_TRUE(stream.messages()[0].has_drain());
  stream.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
}

TEST(WorkerDrain, Stopper_StopsItsWorker) {
  FakeEngine engine;
  Worker worker(OptionsFor(engine, kPatient));
  RegisterEcho(worker);
  worker.Stopper()();
  EXPECT_EQ(worker.Run(), absl::OkStatus());
}

TEST(WorkerDrain, Stopper_MayOutliveItsWorker) {
  FakeEngine engine;
  auto worker = std::make_unique<Worker>(OptionsFor(engine, kPatient));
  const std::function<void()> stop = worker->Stopper();
  worker.reset();
  stop();
}

TEST(WorkerDrain, AssignmentThatCrossedTheDrain_IsDoneOverAnotherConnection) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine, kPatient), RegisterEcho);
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered();
  worker.Stop();
  first.AwaitHalfClose();
  first.Assign(MakeAssignment("crossed"));
  first.End(grpc::Status::OK);

  FakeStream& second = engine.AwaitStream();
  EXPECT_THAT(second.AwaitRegister().held_tokens(), ElementsAre("crossed"));
  second.SendRegistered();
  second.AwaitDrain();
  EXPECT_TRUE(second.AwaitResult("crossed").has_success());
  second.Acknowledge("crossed");
  second.AwaitHalfClose();
  second.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
}

TEST(WorkerDrain, StreamCutWhileStopping_IsMadeAgainToDeliver) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine, kPatient), RegisterEcho);
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered();
  first.Assign(MakeAssignment("t1"));
  first.AwaitResult("t1");
  worker.Stop();
  first.AwaitDrain();
  first.End({grpc::StatusCode::UNAVAILABLE, "cut"});

  FakeStream& second = engine.AwaitStream();
  second.SendRegistered();
  second.AwaitResult("t1");
  second.Acknowledge("t1");
  second.AwaitHalfClose();
  second.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
}

TEST(WorkerDrain, Stop_ReturnsAtOnceWithoutAServiceWhenNothingIsHeld) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine, kPatient), RegisterEcho);
  engine.AwaitStream().SendRegistered();
  engine.Die();
  worker.Stop();
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
}

TEST(WorkerDrain, ServiceThatNeverAcknowledges_EndsRunAfterDrainMax) {
  FakeEngine engine;
  WorkerOptions options = OptionsFor(engine);
  options.drain_max = std::chrono::milliseconds(50);
  RunningWorker worker(options, RegisterEcho);
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered();
  stream.Assign(MakeAssignment("t1"));
  stream.AwaitResult("t1");
  worker.Stop();
  const absl::Status status = worker.AwaitStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("1 steps"));
}

TEST(WorkerDrain, ServiceThatDrains_GetsAllThatIsHeldBeforeAnotherConnectionIsMade) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) { RegisterSlow(w, gate); });
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered(AllFeatures());
  first.Assign(MakeAssignment("running", "Slow"));
  first.Assign(MakeAssignment("ready"));
  gate.AwaitEntered();
  first.AwaitResult("ready");
  first.Drain();
  first.Acknowledge("ready");
  gate.Open();
  EXPECT_TRUE(first.AwaitResult("running").has_success());
  EXPECT_FALSE(first.half_closed());
  first.Acknowledge("running");
  first.AwaitHalfClose();
  first.End(grpc::Status::OK);
  EXPECT_THAT(engine.AwaitStream().AwaitRegister().held_tokens(), IsEmpty());
}

TEST(WorkerDrain, ServiceThatDrainsAndStops_GetsWhatRunsOnOverTheNextConnection) {
  FakeEngine engine;
  Gate gate;
  RunningWorker worker(OptionsFor(engine), [&](Worker& w) { RegisterSlow(w, gate); });
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered(AllFeatures());
  first.Assign(MakeAssignment("running", "Slow"));
  gate.AwaitEntered();
  first.Drain();
  first.End({grpc::StatusCode::UNAVAILABLE, "the service stops"});

  FakeStream& second = engine.AwaitStream();
  EXPECT_THAT(second.AwaitRegister().held_tokens(), ElementsAre("running"));
  second.SendRegistered(AllFeatures());
  gate.Open();
  EXPECT_TRUE(second.AwaitResult("running").has_success());
}

TEST(WorkerDrain, Stop_WaitsForTheServicesAnswerBeforeItClosesItsSide) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine, kPatient), RegisterEcho);
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  worker.Stop();
  stream.AwaitDrain();
  // It crossed the drain: the side must still be open for its result.
  stream.Assign(MakeAssignment("crossed"));
  EXPECT_TRUE(stream.AwaitResult("crossed").has_success());
  stream.Acknowledge("crossed");
  EXPECT_FALSE(stream.half_closed());
  stream.Drain();
  stream.AwaitHalfClose();
  stream.End(grpc::Status::OK);
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
  EXPECT_EQ(engine.stream_count(), 1u);
}

TEST(WorkerDrain, Stop_WithAServiceThatNeverAnswersIsOkWhenNothingIsHeld) {
  FakeEngine engine;
  WorkerOptions options = OptionsFor(engine);
  options.drain_max = std::chrono::milliseconds(50);
  RunningWorker worker(options, RegisterEcho);
  FakeStream& stream = engine.AwaitStream();
  stream.SendRegistered(AllFeatures());
  worker.Stop();
  EXPECT_EQ(worker.AwaitStatus(), absl::OkStatus());
}

TEST(WorkerDrain, ServiceThatDrainsAnIdleWorker_IsConnectedToAgain) {
  FakeEngine engine;
  RunningWorker worker(OptionsFor(engine), RegisterEcho);
  FakeStream& first = engine.AwaitStream();
  first.SendRegistered();
  first.Drain();
  first.AwaitHalfClose();
  EXPECT_THAT(first.messages(), IsEmpty());
  first.End(grpc::Status::OK);
  FakeStream& second = engine.AwaitStream();
  second.SendRegistered();
  second.Assign(MakeAssignment("t1"));
  EXPECT_TRUE(second.AwaitResult("t1").has_success());
}

}  // namespace
}  // namespace tasker::client

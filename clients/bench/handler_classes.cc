#include "clients/bench/handler_classes.h"

#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"
#include <sys/prctl.h>

#include "tasker/client/step_handler.h"
#include "tasker/client/worker.h"

namespace tasker::bench {
namespace {

using client::Json;
using client::Sequence;
using client::Step;
using client::Task;

constexpr char kPayloadHead[] = R"({"padding":")";
constexpr char kPayloadTail[] = R"("})";

std::string Sleep(const Task&, const Sequence&, const Step& step) {
  // The system would put timers off by 50 us, to bundle them; once for each thread.
  thread_local const int slack = prctl(PR_SET_TIMERSLACK, 1);
  static_cast<void>(slack);
  const double milliseconds = step.handler_config().value("duration_ms", 0.0);
  if (milliseconds > 0) {
    step.wait_cancelled(std::chrono::nanoseconds(static_cast<std::int64_t>(milliseconds * 1e6)));
  }
  return R"({"ok":true})";
}

// The steps of an order: what a user's handlers would do short of waiting for others.
void RegisterOrderHandlers(client::Worker& worker) {
  const std::string prefix = "OrderProcess::StepHandler::";
  worker.Register(prefix + "FetchOrderHandler",
                  [](const Task& task, const Sequence&, const Step&) -> Json {
                    return {{"order_id", task.context().at("order_id")},
                            {"items", {{{"sku", "TEA-1"}, {"quantity", 2}, {"cents", 1250}}}},
                            {"total_cents", 2500}};
                  });
  worker.Register(prefix + "ValidateInventoryHandler",
                  [](const Task&, const Sequence& sequence, const Step&) -> Json {
                    const Json& items =
                        client::get_previous_step_data(sequence, "fetch_order", "items");
                    return {{"available", true}, {"items", items.size()}};
                  });
  worker.Register(prefix + "ProcessPaymentHandler",
                  [](const Task& task, const Sequence&, const Step& step) -> Json {
                    if (step.attempt_number() == 1) {
                      throw client::RetryableError("the payment gateway is busy");
                    }
                    return {{"payment_id", "pay-" + task.id()},
                            {"processor", step.handler_config().at("payment_processor")}};
                  });
  worker.Register(prefix + "UpdateInventoryHandler",
                  [](const Task&, const Sequence& sequence, const Step&) -> Json {
                    return {{"updated", true},
                            {"paid_by", client::get_previous_step_data(sequence, "process_payment",
                                                                       "payment_id")}};
                  });
  worker.Register(prefix + "SendConfirmationHandler",
                  [](const Task& task, const Sequence&, const Step&) -> Json {
                    return {{"sent_to", task.context().at("customer_id")}};
                  });
}

}  // namespace

std::string PayloadOf(std::uint32_t bytes) {
  const std::size_t frame = sizeof(kPayloadHead) - 1 + sizeof(kPayloadTail) - 1;
  return absl::StrCat(kPayloadHead, std::string(bytes > frame ? bytes - frame : 0, 'x'),
                      kPayloadTail);
}

void RegisterHandlers(client::Worker& worker) {
  worker.RegisterRaw(kStepClass, [](const Task&, const Sequence&, const Step&) {
    return std::string(R"({"ok":true})");
  });
  worker.RegisterRaw(kPayloadClass, [](const Task& task, const Sequence&, const Step&) {
    return std::string(task.context_json());
  });
  worker.RegisterRaw(kSleepClass, Sleep);
  RegisterOrderHandlers(worker);
}

}  // namespace tasker::bench

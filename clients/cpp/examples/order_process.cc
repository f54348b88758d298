// The handlers of the template `order_process`: each a few lines, as they would be in Ruby. The
// payment fails once for each order, as payments do, and is tried again by the service.
//
//   order_process_handlers --server 127.0.0.1:7420
#include <iostream>

#include "CLI/CLI.hpp"

#include "tasker/client/step_handler.h"
#include "tasker/client/stop_signals.h"
#include "tasker/client/worker.h"

namespace OrderProcess::StepHandler {

using tasker::client::get_previous_step_data;
using tasker::client::Json;
using tasker::client::Sequence;
using tasker::client::Step;
using tasker::client::Task;

class FetchOrderHandler : public tasker::client::StepHandler {
 public:
  Json process(const Task& task, const Sequence&, const Step&) override {
    return {{"order_id", task.context().at("order_id")},
            {"items", {{{"sku", "TEA-1"}, {"quantity", 2}, {"cents", 1250}}}},
            {"total_cents", 2500}};
  }
};

class ValidateInventoryHandler : public tasker::client::StepHandler {
 public:
  Json process(const Task&, const Sequence& sequence, const Step&) override {
    const Json& items = get_previous_step_data(sequence, "fetch_order", "items");
    if (items.empty()) throw tasker::client::PermanentError("the order has no items");
    return {{"available", true}, {"items", items.size()}};
  }
};

// What a payment service says when it has a bad day.
class PaymentGatewayBusy : public tasker::client::RetryableError {
 public:
  using RetryableError::RetryableError;
};

class ProcessPaymentHandler : public tasker::client::StepHandler {
 public:
  Json process(const Task& task, const Sequence& sequence, const Step& step) override {
    if (step.attempt_number() == 1) {
      throw PaymentGatewayBusy("the payment gateway is busy", std::chrono::milliseconds(500));
    }
    // Not a direct dependency: it is fetched from the service.
    const auto& order = sequence.find_step_by_name("fetch_order");
    return {{"payment_id", "pay-" + task.id()},
            {"amount_cents", order.results().at("total_cents")},
            {"processor", step.handler_config().value("payment_processor", "none")}};
  }
};

class UpdateInventoryHandler : public tasker::client::StepHandler {
 public:
  Json process(const Task&, const Sequence& sequence, const Step&) override {
    const Json& payment = get_previous_step_data(sequence, "process_payment", "payment_id");
    return {{"updated", true}, {"paid_by", payment}};
  }
};

class SendConfirmationHandler : public tasker::client::StepHandler {
 public:
  Json process(const Task& task, const Sequence& sequence, const Step&) override {
    const Json& customer = task.context().at("customer_id");
    const Json& payment = get_previous_step_data(sequence, "process_payment", "payment_id");
    return {{"sent_to", customer}, {"text", "Thank you. Your payment is " + payment.dump()}};
  }
};

}  // namespace OrderProcess::StepHandler

int main(int argc, char** argv) {
  // First, before any thread is started.
  tasker::client::StopSignals signals;
  tasker::client::WorkerOptions options;
  options.name = "order-handlers-cpp";
  CLI::App app("Handlers of the template order_process.");
  app.add_option("--server", options.server, "host:port of the service")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  namespace handlers = OrderProcess::StepHandler;
  const std::string prefix = "OrderProcess::StepHandler::";
  tasker::client::Worker worker(options);
  worker.Register(prefix + "FetchOrderHandler", std::make_shared<handlers::FetchOrderHandler>());
  worker.Register(prefix + "ValidateInventoryHandler",
                  std::make_shared<handlers::ValidateInventoryHandler>());
  worker.Register(prefix + "ProcessPaymentHandler",
                  std::make_shared<handlers::ProcessPaymentHandler>());
  worker.Register(prefix + "UpdateInventoryHandler",
                  std::make_shared<handlers::UpdateInventoryHandler>());
  worker.Register(prefix + "SendConfirmationHandler",
                  std::make_shared<handlers::SendConfirmationHandler>());

  signals.Watch(worker);
  const absl::Status status = worker.Run();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

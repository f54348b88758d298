#include "clients/cpp/conformance/handlers.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace tasker::conformance {
namespace {

using client::Json;
using client::Sequence;
using client::Step;
using client::Task;

constexpr std::chrono::milliseconds kPoll{10};

std::chrono::milliseconds Milliseconds(const Json& seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds.get<double>() * 1000));
}

// One write, so that lines of several processes do not mix.
void AppendLine(const std::string& path, const std::string& line) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) throw std::runtime_error("cannot open " + path + ": " + std::strerror(errno));
  const bool written = write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  close(file);
  if (!written) throw std::runtime_error("cannot write " + path);
}

class Echo : public client::StepHandler {
 public:
  Json process(const Task& task, const Sequence& sequence, const Step& step) override {
    Json previous = Json::object();
    for (const client::SequenceStep* earlier : sequence.dependencies()) {
      previous[earlier->name()] = earlier->results();
    }
    const auto index = step.item_index();
    return {{"context", task.context()},
            {"config", step.handler_config().is_null() ? Json::object() : step.handler_config()},
            {"attempt", step.attempt_number()},
            {"item", step.item()},
            {"item_index", index ? Json(*index) : Json()},
            {"checkpoint", step.checkpoint_data()},
            {"previous", previous},
            {"traceparent", step.traceparent()}};
  }
};

class Fail : public client::StepHandler {
 public:
  Json process(const Task& task, const Sequence&, const Step&) override {
    const Json& fail = task.context().at("fail");
    const auto kind = fail.at("kind").get<std::string>();
    const auto message = fail.at("message").get<std::string>();
    if (kind == "retryable") {
      const auto after = fail.find("retry_after");
      if (after == fail.end() || after->is_null()) throw client::RetryableError(message);
      throw client::RetryableError(message, Milliseconds(*after));
    }
    if (kind == "permanent") throw client::PermanentError(message);
    if (kind == "business") {
      throw client::BusinessError(fail.at("error_class").get<std::string>(), message,
                                  fail.value("details", Json::object()));
    }
    throw std::runtime_error(message);
  }
};

class Hold : public client::StepHandler {
 public:
  Json process(const Task& task, const Sequence&, const Step& step) override {
    const Json& context = task.context();
    AppendLine(context.at("journal").get<std::string>(),
               step.id() + " " + std::to_string(step.attempt_number()) + "\n");
    const auto gate = context.at("gate").get<std::string>();
    while (!std::filesystem::exists(gate)) {
      if (!step.wait_cancelled(kPoll)) continue;
      if (context.value("on_cancel", "") == "succeed") return {{"cancelled", step.cancel_reason()}};
      step.throw_if_cancelled();
    }
    return {{"released", true}};
  }
};

class Progress : public Hold {
 public:
  Json process(const Task& task, const Sequence& sequence, const Step& step) override {
    step.progress(0.5, "half");
    return Hold::process(task, sequence, step);
  }
};

class Checkpoint : public client::StepHandler {
 public:
  Json process(const Task& task, const Sequence&, const Step& step) override {
    const Json& data = step.checkpoint_data();
    const int count = (data.is_object() ? data.value("count", 0) : 0) + 1;
    step.checkpoint({{"count", count}});
    if (count < task.context().at("times").get<int>()) throw client::RetryableError("once more");
    return {{"count", count}};
  }
};

class Deferred : public client::StepHandler {
 public:
  Json process(const Task& task, const Sequence&, const Step& step) override {
    const auto path = task.context().at("token_file").get<std::string>();
    std::ofstream(path + ".new") << step.token();
    std::filesystem::rename(path + ".new", path);
    const Json timeout = task.context().value("timeout", Json());
    step.defer(timeout.is_null() ? std::nullopt : std::optional(Milliseconds(timeout)));
    return nullptr;
  }
};

class TaskHandler : public client::TaskHandler {
 public:
  void validate_task_request(const client::TaskRequest& request) override {
    const Json& context = request.context;
    if (context.contains("refuse")) {
      throw std::runtime_error(context.at("refuse").get<std::string>());
    }
    if (context.contains("refuse_retryable")) {
      throw client::RetryableError(context.at("refuse_retryable").get<std::string>());
    }
  }
  Json initialize_task_context(const client::TaskRequest& request) override {
    Json context = request.context;
    context["initialized"] = true;
    return context;
  }
};

Json Large(const Task& task, const Sequence&, const Step&) {
  return {{"data", std::string(task.context().at("bytes").get<std::size_t>(), 'x')}};
}

Json Events(const Task&, const Sequence&, const Step& step) {
  step.publish("conformance.happened", {{"n", 1}});
  return Json::object();
}

Json Unserializable(const Task&, const Sequence&, const Step&) {
  return {{"value", std::numeric_limits<double>::quiet_NaN()}};
}

Json OfSequence(const Task& task, const Sequence& sequence, const Step&) {
  const auto name = task.context().at("step").get<std::string>();
  return {{"results", sequence.find_step_by_name(name).results()}};
}

}  // namespace

void RegisterAll(client::Worker& worker) {
  worker.Register("Conformance::Echo", std::make_shared<Echo>());
  worker.Register("Conformance::Fail", std::make_shared<Fail>());
  worker.Register("Conformance::Hold", std::make_shared<Hold>());
  worker.Register("Conformance::Progress", std::make_shared<Progress>());
  worker.Register("Conformance::Checkpoint", std::make_shared<Checkpoint>());
  worker.Register("Conformance::Deferred", std::make_shared<Deferred>());
  worker.Register("Conformance::Large", client::ProcessFunction(Large));
  worker.Register("Conformance::Events", client::ProcessFunction(Events));
  worker.Register("Conformance::Unserializable", client::ProcessFunction(Unserializable));
  worker.Register("Conformance::Sequence", client::ProcessFunction(OfSequence));
  worker.RegisterTaskHandler("Conformance::Task", std::make_shared<TaskHandler>());
}

}  // namespace tasker::conformance

// How long a folder of templates takes to load, and what looking at them costs: `make
// bench-templates`.
//
// Starts `taskerd` on a folder of templates, twice on the same store: the first start compiles and
// stores them, the second finds them there. Then it asks for them over gRPC.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include <grpcpp/grpcpp.h>

#include "clients/bench/process_usage.h"
#include "clients/bench/scratch_folder.h"
#include "clients/bench/server_process.h"
#include "tasker/v1/template_service.grpc.pb.h"

namespace tasker::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Whatever goes wrong here ends the run.
template <typename Value>
Value OrDie(absl::StatusOr<Value> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << '\n';
  std::exit(1);
}

// Layers of five steps, each of which depends on two of the layer before; with what real ones have.
std::string TemplateOf(int number, int steps) {
  std::string text = absl::StrFormat(
      "name: process_%d\nnamespace_name: bench\nversion: 1.0.0\n"
      "description: One of many, for measuring\ntask_handler_class: Bench::Process%d\n"
      "schema:\n  type: object\n  required: [id]\n"
      "  properties: {id: {type: integer}, note: {type: string}}\nstep_templates:\n",
      number, number);
  for (int i = 0; i < steps; ++i) {
    absl::StrAppendFormat(&text,
                          "  - name: step_%d\n    description: The step of number %d\n"
                          "    handler_class: Bench::StepHandler::Step%d\n"
                          "    default_retryable: true\n    default_retry_limit: 3\n"
                          "    handler_config:\n      url: https://service.example/api/%d\n"
                          "      timeout: 30\n",
                          i, i, i, i);
    const int layer = i / 5 * 5;
    if (layer == 0) continue;
    absl::StrAppendFormat(&text, "    depends_on_steps: [step_%d, step_%d]\n", i - 5,
                          layer - 5 + (i + 1) % 5);
  }
  return text;
}

std::size_t Write(const std::string& folder, int templates, int steps) {
  std::size_t bytes = 0;
  std::filesystem::create_directory(folder);
  for (int i = 0; i < templates; ++i) {
    const std::string text = TemplateOf(i, steps);
    std::ofstream(absl::StrCat(folder, "/process_", i, ".yaml"), std::ios::binary) << text;
    bytes += text.size();
  }
  return bytes;
}

struct Start {
  double seconds = 0;
  // Of all its threads; on a machine that has other work this is what can be compared.
  double cpu_seconds = 0;
  double peak_mb = 0;
};

// Until the service is ready, which it is once it has loaded the folder.
std::unique_ptr<ServerProcess> StartOn(const std::string& taskerd, const std::string& folder,
                                       const std::string& templates, Start& start) {
  const auto begin = Clock::now();
  auto server =
      OrDie(ServerProcess::Start(taskerd, folder, std::chrono::seconds(600),
                                 templates.empty() ? "" : "templates: " + templates + "\n"));
  start.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  start.cpu_seconds = std::chrono::duration<double>(OrDie(CpuTimeOf(server->pid()))).count();
  start.peak_mb = static_cast<double>(OrDie(PeakResidentBytesOf(server->pid()))) / 1e6;
  return server;
}

// In microseconds: median and 99th of 100.
template <typename Call>
void Measure(const char* what, int times, Call call) {
  std::vector<double> micros;
  for (int i = 0; i < times; ++i) {
    const auto begin = Clock::now();
    const grpc::Status status = call(i);
    if (!status.ok()) {
      std::cerr << what << ": " << status.error_message() << '\n';
      std::exit(1);
    }
    micros.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::ranges::sort(micros);
  std::cout << absl::StrFormat("%-14s p50 %8.0f us   p99 %8.0f us\n", what,
                               micros[micros.size() / 2], micros[micros.size() * 99 / 100]);
}

void MeasureCalls(const std::string& address, int templates) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto stub = v1::TemplateService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  Measure("GetTemplate", 2000, [&](int i) {
    grpc::ClientContext context;
    v1::GetTemplateRequest request;
    request.set_namespace_("bench");
    request.set_name(absl::StrCat("process_", i * 7 % templates));
    v1::GetTemplateResponse response;
    return stub->GetTemplate(&context, request, &response);
  });
  Measure("ListTemplates", 200, [&](int) {
    grpc::ClientContext context;
    v1::ListTemplatesResponse response;
    return stub->ListTemplates(&context, {}, &response);
  });
}

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  namespace bench = tasker::bench;
  int templates = 1000;
  int steps = 50;
  int runs = 1;
  std::string parent = ".";
  std::string taskerd = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "taskerd";
  CLI::App app("Measures the loading of a folder of templates.");
  app.add_option("--templates", templates, "How many")->capture_default_str();
  app.add_option("--steps", steps, "Of each")->capture_default_str();
  app.add_option("--runs", runs, "Each on a new store")->capture_default_str();
  app.add_option("--data-dir", parent, "A folder on a disk")->capture_default_str();
  app.add_option("--taskerd", taskerd, "The program to measure")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  for (int run = 0; run < runs; ++run) {
    const auto folder = bench::OrDie(bench::ScratchFolder::Make(parent, false));
    const std::string tasks = folder->path() + "/tasks";
    const std::size_t bytes = bench::Write(tasks, templates, steps);
    bench::Start empty, first, again;
    // On an empty folder, and a store of its own.
    std::filesystem::create_directory(folder->path() + "/empty");
    bench::StartOn(taskerd, folder->path() + "/empty", "", empty).reset();
    bench::StartOn(taskerd, folder->path(), tasks, first).reset();
    const auto server = bench::StartOn(taskerd, folder->path(), tasks, again);
    std::cout << absl::StrFormat("%d templates of %d steps, %.1f MB\n", templates, steps,
                                 static_cast<double>(bytes) / 1e6);
    for (const auto& [what, start] :
         {std::pair("no templates", empty), std::pair("first start", first),
          std::pair("restart", again)}) {
      std::cout << absl::StrFormat("%-14s %6.2f s   CPU %6.2f s   peak %5.0f MB\n", what,
                                   start.seconds, start.cpu_seconds, start.peak_mb);
    }
    bench::MeasureCalls(server->address(), templates);
  }
  return 0;
}

#include "clients/cli/generate/layout.h"

namespace tasker::cli::generate {
namespace {

// Files that a project has once are for no generator alone.
enum class For { kTask, kStep, kApiStep, kSubscriber, kProject };

struct Row {
  Language language;
  For generator;
  std::string_view skeleton;
  std::string_view target;
};

constexpr Language kRb = Language::kRuby;
constexpr Language kPy = Language::kPython;
constexpr Language kTs = Language::kTypeScript;
constexpr Language kGo = Language::kGo;
constexpr Language kCc = Language::kCpp;

constexpr Row kRows[] = {
    // As the Rails engine's generators had it.
    {kRb, For::kTask, "ruby/task_handler.rb.mustache", "app/tasks/{{task_slashes}}.rb"},
    {kRb, For::kTask, "ruby/task_handler_spec.rb.mustache", "spec/tasks/{{task_slashes}}_spec.rb"},
    {kRb, For::kStep, "ruby/step_handler.rb.mustache",
     "app/tasks/{{task_slashes}}/step_handler/{{step_file}}.rb"},
    {kRb, For::kStep, "ruby/step_handler_spec.rb.mustache",
     "spec/tasks/{{task_slashes}}/step_handler/{{step_file}}_spec.rb"},
    {kRb, For::kApiStep, "ruby/api_step_handler.rb.mustache",
     "app/tasks/{{task_slashes}}/step_handler/{{step_file}}.rb"},
    {kRb, For::kApiStep, "ruby/api_step_handler_spec.rb.mustache",
     "spec/tasks/{{task_slashes}}/step_handler/{{step_file}}_spec.rb"},
    {kRb, For::kSubscriber, "ruby/subscriber.rb.mustache",
     "app/subscribers/{{subscriber_file}}.rb"},
    {kRb, For::kSubscriber, "ruby/subscriber_spec.rb.mustache",
     "spec/subscribers/{{subscriber_file}}_spec.rb"},
    {kRb, For::kProject, "ruby/Gemfile.mustache", "Gemfile"},
    {kRb, For::kProject, "ruby/rspec.mustache", ".rspec"},
    {kRb, For::kProject, "ruby/spec_helper.rb.mustache", "spec/spec_helper.rb"},

    {kPy, For::kTask, "python/task_handler.py.mustache", "tasks/{{task_slashes}}/task_handler.py"},
    {kPy, For::kTask, "python/test_task_handler.py.mustache",
     "tests/tasks/test_{{task_under}}_task_handler.py"},
    {kPy, For::kStep, "python/step_handler.py.mustache", "tasks/{{task_slashes}}/{{step_file}}.py"},
    {kPy, For::kStep, "python/test_step_handler.py.mustache",
     "tests/tasks/test_{{task_under}}_{{step_file}}.py"},
    {kPy, For::kApiStep, "python/api_step_handler.py.mustache",
     "tasks/{{task_slashes}}/{{step_file}}.py"},
    {kPy, For::kApiStep, "python/test_api_step_handler.py.mustache",
     "tests/tasks/test_{{task_under}}_{{step_file}}.py"},
    {kPy, For::kSubscriber, "python/subscriber.py.mustache", "subscribers/{{subscriber_file}}.py"},
    {kPy, For::kSubscriber, "python/test_subscriber.py.mustache",
     "tests/subscribers/test_{{subscriber_file}}.py"},
    {kPy, For::kProject, "python/pyproject.toml.mustache", "pyproject.toml"},

    {kTs, For::kTask, "typescript/task-handler.ts.mustache",
     "src/tasks/{{task_kebab}}/task-handler.ts"},
    {kTs, For::kTask, "typescript/task-handler.test.ts.mustache",
     "tests/tasks/{{task_kebab}}/task-handler.test.ts"},
    {kTs, For::kStep, "typescript/step-handler.ts.mustache",
     "src/tasks/{{task_kebab}}/{{step_kebab}}.ts"},
    {kTs, For::kStep, "typescript/step-handler.test.ts.mustache",
     "tests/tasks/{{task_kebab}}/{{step_kebab}}.test.ts"},
    {kTs, For::kApiStep, "typescript/api-step-handler.ts.mustache",
     "src/tasks/{{task_kebab}}/{{step_kebab}}.ts"},
    {kTs, For::kApiStep, "typescript/api-step-handler.test.ts.mustache",
     "tests/tasks/{{task_kebab}}/{{step_kebab}}.test.ts"},
    {kTs, For::kSubscriber, "typescript/subscriber.ts.mustache",
     "src/subscribers/{{subscriber_kebab}}.ts"},
    {kTs, For::kSubscriber, "typescript/subscriber.test.ts.mustache",
     "tests/subscribers/{{subscriber_kebab}}.test.ts"},
    {kTs, For::kProject, "typescript/package.json.mustache", "package.json"},
    {kTs, For::kProject, "typescript/tsconfig.json.mustache", "tsconfig.json"},
    {kTs, For::kProject, "typescript/tsconfig.build.json.mustache", "tsconfig.build.json"},

    // Behind the last `_` of a file's name Go looks for systems, so each ends in `_handler`.
    {kGo, For::kTask, "go/task_handler.go.mustache", "tasks/{{task_flat}}/task_handler.go"},
    {kGo, For::kTask, "go/task_handler_test.go.mustache",
     "tasks/{{task_flat}}/task_handler_test.go"},
    {kGo, For::kStep, "go/step_handler.go.mustache", "tasks/{{task_flat}}/{{step_file}}.go"},
    {kGo, For::kStep, "go/step_handler_test.go.mustache",
     "tasks/{{task_flat}}/{{step_file}}_test.go"},
    {kGo, For::kApiStep, "go/api_step_handler.go.mustache", "tasks/{{task_flat}}/{{step_file}}.go"},
    {kGo, For::kApiStep, "go/api_step_handler_test.go.mustache",
     "tasks/{{task_flat}}/{{step_file}}_test.go"},
    {kGo, For::kSubscriber, "go/subscriber.go.mustache", "subscribers/{{subscriber_file}}.go"},
    {kGo, For::kSubscriber, "go/subscriber_test.go.mustache",
     "subscribers/{{subscriber_file}}_test.go"},
    {kGo, For::kProject, "go/go.mod.mustache", "go.mod"},

    {kCc, For::kTask, "cpp/task_handler.h.mustache", "src/tasks/{{task_slashes}}/task_handler.h"},
    {kCc, For::kTask, "cpp/task_handler.cc.mustache", "src/tasks/{{task_slashes}}/task_handler.cc"},
    {kCc, For::kTask, "cpp/task_handler_test.cc.mustache",
     "tests/tasks/{{task_slashes}}/task_handler_test.cc"},
    {kCc, For::kStep, "cpp/step_handler.h.mustache", "src/tasks/{{task_slashes}}/{{step_file}}.h"},
    {kCc, For::kStep, "cpp/step_handler.cc.mustache",
     "src/tasks/{{task_slashes}}/{{step_file}}.cc"},
    {kCc, For::kStep, "cpp/step_handler_test.cc.mustache",
     "tests/tasks/{{task_slashes}}/{{step_file}}_test.cc"},
    {kCc, For::kApiStep, "cpp/api_step_handler.h.mustache",
     "src/tasks/{{task_slashes}}/{{step_file}}.h"},
    {kCc, For::kApiStep, "cpp/api_step_handler.cc.mustache",
     "src/tasks/{{task_slashes}}/{{step_file}}.cc"},
    {kCc, For::kApiStep, "cpp/api_step_handler_test.cc.mustache",
     "tests/tasks/{{task_slashes}}/{{step_file}}_test.cc"},
    {kCc, For::kSubscriber, "cpp/subscriber.h.mustache", "src/subscribers/{{subscriber_file}}.h"},
    {kCc, For::kSubscriber, "cpp/subscriber.cc.mustache", "src/subscribers/{{subscriber_file}}.cc"},
    {kCc, For::kSubscriber, "cpp/subscriber_test.cc.mustache",
     "tests/subscribers/{{subscriber_file}}_test.cc"},
    {kCc, For::kProject, "cpp/CMakeLists.txt.mustache", "CMakeLists.txt"},
};

For RowsOf(Generator generator) {
  switch (generator) {
    case Generator::kTask:
      return For::kTask;
    case Generator::kStep:
      return For::kStep;
    case Generator::kApiStep:
      return For::kApiStep;
    case Generator::kSubscriber:
      return For::kSubscriber;
  }
  return For::kProject;
}

}  // namespace

std::vector<LayoutRow> LayoutOf(Language language, Generator generator) {
  std::vector<LayoutRow> rows;
  for (const For wanted : {RowsOf(generator), For::kProject}) {
    for (const Row& row : kRows) {
      if (row.language != language || row.generator != wanted) continue;
      rows.push_back({row.skeleton, row.target, wanted == For::kProject});
    }
  }
  return rows;
}

}  // namespace tasker::cli::generate

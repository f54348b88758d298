#include <cstdlib>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/command_run.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

TEST(Arguments, HelpListsTheExitCodes) {
  const auto result = RunCommand({"--help"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, HasSubstr("0  done"));
  EXPECT_THAT(result.out, HasSubstr("1  the service refused"));
  EXPECT_THAT(result.out, HasSubstr("2  wrong usage"));
  EXPECT_THAT(result.out, HasSubstr("3  the service cannot be reached"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(Arguments, VersionNamesTheProgram) {
  const auto result = RunCommand({"--version"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, MatchesRegex("tasker [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

// Arguments, and what the complaint must name.
struct Mistake {
  std::vector<std::string> arguments;
  std::string complaint;
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << testing::PrintToString(mistake.arguments);
}

class ArgumentMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ArgumentMistakes, AreNamedOnStderrWithExitCodeTwo) {
  const auto result = RunCommand(GetParam().arguments);
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr(GetParam().complaint));
  EXPECT_THAT(result.out, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ArgumentMistakes,
    testing::Values(
        Mistake{{}, "a command is missing: tasker template|task|step|pause|events|handlers"},
        Mistake{{"task"}, "a command is missing: tasker task create|list|show|watch|cancel"},
        Mistake{{"nonsense"}, "nonsense"}, Mistake{{"task", "shwo"}, "shwo"},
        Mistake{{"task", "list", "--nonsense"}, "--nonsense"},
        Mistake{{"task", "show"}, "ID is required"}, Mistake{{"task", "show", "a", "b"}, "b"},
        Mistake{{"task", "create"}, "NAME is required"},
        Mistake{{"task", "create", "x", "--context", "{}", "--context-file", "f"}, "--context"},
        Mistake{{"task", "create", "x", "--quiet", "--watch"}, "--quiet"},
        Mistake{{"task", "create", "x", "--context-file", "no/such/file"},
                "cannot read no/such/file: No such file"},
        Mistake{{"task", "list", "--state", "done"}, "in_progress"},
        Mistake{{"task", "list", "--limit", "101"}, "--limit"},
        Mistake{{"task", "list", "--output", "xml"}, "--output"},
        Mistake{{"task", "list", "--timeout", "0"}, "--timeout"},
        Mistake{{"task", "list", "--timeout", "soon"}, "--timeout"},
        Mistake{{"template", "apply"}, "FILE is required"},
        Mistake{{"template", "apply", "no/such/file"}, "cannot read no/such/file: No such file"},
        Mistake{{"template", "apply", "/"}, "cannot read /: Is a directory"},
        Mistake{{"events", "tail", "--from-earliest", "--after", "7"}, "--from-earliest"},
        Mistake{{"events", "tail", "--limit", "0"}, "--limit"},
        Mistake{{"--server", "localhost", "task", "list"}, "'localhost' is not HOST:PORT"},
        Mistake{{"--server", ":7420", "task", "list"}, "is not HOST:PORT"},
        Mistake{{"--server", "a:0", "task", "list"}, "a port is 1 to 65535"},
        Mistake{{"--server", "a:65536", "task", "list"}, "a port is 1 to 65535"},
        Mistake{{"--server", "a:1x", "task", "list"}, "a port is 1 to 65535"},
        Mistake{{"--server", "::1:7420", "task", "list"}, "[::1]:7420"},
        Mistake{{"--server", "http://a:7420", "task", "list"}, "is not HOST:PORT"},
        Mistake{{"task", "show", "\xff"}, "argument is not UTF-8: \\xff"},
        Mistake{{"task", "show", "x", "\x1b[2J"}, "\\x1b[2J"}));

class Unreachable : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(Unreachable, IsExitCodeThreeWithAHint) {
  // The port was free a moment ago, and nothing listens there any more.
  std::string address;
  {
    const FakeServer server;
    address = server.address();
  }
  auto arguments = GetParam();
  // Global options are taken behind the command as well.
  arguments.insert(arguments.end(), {"--server", address});
  const auto result = RunCommand(arguments);
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.err, HasSubstr("tasker: UNAVAILABLE: "));
  EXPECT_THAT(result.err, HasSubstr("Does taskerd run at " + address + "?"));
  EXPECT_THAT(result.err, HasSubstr("TASKER_SERVER"));
  EXPECT_THAT(result.out, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(EveryCommand, Unreachable,
                         testing::Values(std::vector<std::string>{"template", "apply", "-"},
                                         std::vector<std::string>{"template", "list"},
                                         std::vector<std::string>{"template", "show", "x"},
                                         std::vector<std::string>{"task", "create", "x"},
                                         std::vector<std::string>{"task", "show", "x"},
                                         std::vector<std::string>{"task", "watch", "x"},
                                         std::vector<std::string>{"task", "list"},
                                         std::vector<std::string>{"task", "cancel", "x"},
                                         std::vector<std::string>{"events", "tail"},
                                         std::vector<std::string>{"handlers", "list"}));

TEST(Arguments, TheEnvironmentNamesTheServerUnlessAnOptionDoes) {
  FakeServer server;
  server.answers().list_tasks = [](const auto&, auto*) { return grpc::Status::OK; };
  setenv("TASKER_SERVER", server.address().c_str(), 1);
  EXPECT_EQ(RunCommand({"task", "list"}).code, ExitCode::kOk);
  setenv("TASKER_SERVER", "127.0.0.1:1", 1);
  EXPECT_EQ(RunCommand({"task", "list"}).code, ExitCode::kUnreachable);
  EXPECT_EQ(RunCommand(server, {"task", "list"}).code, ExitCode::kOk);
  unsetenv("TASKER_SERVER");
}

TEST(Arguments, TheTimeoutEndsACallThatIsNotAnswered) {
  FakeServer server;
  std::mutex mutex;
  mutex.lock();
  server.answers().list_tasks = [&mutex](const auto&, auto*) {
    const std::scoped_lock until_the_client_gave_up(mutex);
    return grpc::Status::OK;
  };
  const auto result = RunCommand(server, {"task", "list", "--timeout", "0.05"});
  mutex.unlock();
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.err, HasSubstr("DEADLINE_EXCEEDED"));
  EXPECT_THAT(result.err, HasSubstr("--timeout"));
}

TEST(Arguments, RefusalsKeepTheServicesLines) {
  FakeServer server;
  server.answers().create_task = [](const auto&, auto*) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                        "context breaks the schema:\n/order_id: not an integer\x1b[0m\n");
  };
  const auto result = RunCommand(server, {"task", "create", "order_process"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_EQ(result.err,
            "tasker: INVALID_ARGUMENT:\n"
            "  context breaks the schema:\n"
            "  /order_id: not an integer\\x1b[0m\n");
}

}  // namespace
}  // namespace tasker::cli

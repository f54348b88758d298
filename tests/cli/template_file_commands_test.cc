#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"

namespace tasker::cli {
namespace {

class TemplateFileCommandsTest : public testing::Test {
 protected:
  // Two pages, of a file that is loaded and one that is broken.
  void Answer() {
    server_.answers().list_template_files = [this](const v1::ListTemplateFilesRequest& request,
                                                   v1::ListTemplateFilesResponse* response) {
      only_problems_ = request.only_problems();
      response->set_folder("/srv/tasks");
      response->set_loaded(1);
      response->set_broken(1);
      v1::TemplateFile& file = *response->add_files();
      if (request.page_token().empty()) {
        file.set_path("a.yaml");
        file.set_state(v1::TEMPLATE_FILE_STATE_LOADED);
        file.set_namespace_("default");
        file.set_name("a");
        file.set_version("1.0.0");
        response->set_next_page_token("next");
        v1::StoredTemplateProblem& problem = *response->add_stored_problems();
        problem.set_namespace_("default");
        problem.set_name("old");
        problem.set_version("0.1.0");
        problem.set_reason("can no longer be loaded");
      } else {
        file.set_path("sub/b.yaml");
        file.set_state(v1::TEMPLATE_FILE_STATE_BROKEN);
        file.set_problem("sub/b.yaml:2:1: error: one\nsub/b.yaml:3:1: error: \x1b[31mtwo");
      }
      return grpc::Status::OK;
    };
  }

  FakeServer server_;
  bool only_problems_ = false;
};

TEST_F(TemplateFileCommandsTest, ListsAllPagesAndSaysWhatIsWrong) {
  Answer();
  const auto result = RunCommand(server_, {"template", "files"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_FALSE(only_problems_);
  EXPECT_EQ(result.out,
            "FILE        STATE   TEMPLATE         SINCE\n"
            "a.yaml      loaded  default.a@1.0.0  -\n"
            "sub/b.yaml  broken  -                -\n"
            "/srv/tasks: 1 loaded, 1 broken, 0 not stored, 0 skipped\n"
            "\n"
            "sub/b.yaml: broken\n"
            "sub/b.yaml:2:1: error: one\n"
            "sub/b.yaml:3:1: error: \\x1b[31mtwo\n"
            "\n"
            "stored template default.old@0.1.0: unusable\n"
            "can no longer be loaded\n");
}

TEST_F(TemplateFileCommandsTest, PrintsOneJsonDocumentForAllPages) {
  Answer();
  const auto result = RunCommand(server_, {"--output", "json", "template", "files", "--problems"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_TRUE(only_problems_);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["files"].size(), 2U);
  EXPECT_EQ(json["files"][1]["path"], "sub/b.yaml");
  EXPECT_EQ(json["nextPageToken"], "");
}

TEST_F(TemplateFileCommandsTest, EndsWellWhereNothingIsWrong) {
  server_.answers().list_template_files = [](const v1::ListTemplateFilesRequest&, auto*) {
    return grpc::Status::OK;
  };
  const auto result = RunCommand(server_, {"template", "files"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out, "the service's settings name no folder of templates\n");
}

}  // namespace
}  // namespace tasker::cli

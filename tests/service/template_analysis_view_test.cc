#include "service/templates/template_analysis_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory_store.h"

namespace tasker::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kOrder[] =
    "name: order\ntask_handler_class: Order\nversion: 1.0.0\nstep_templates:\n"
    "  - {name: a, handler_class: A}\n  - {name: b, handler_class: B, depends_on_step: a}\n";

class TemplateAnalysisViewTest : public ::testing::Test {
 protected:
  TemplateAnalysisViewTest()
      : registry_(*TemplateRegistry::Open(&store_, "test", nullptr, problems_)) {
    EXPECT_TRUE(registry_->Apply(kOrder, "order.yaml").ok());
  }

  absl::Status Ask(const v1::AnalyzeTemplateRequest& request) {
    response_.Clear();
    return AnswerAnalysis(*registry_, request, response_);
  }

  storage::MemoryStore store_;
  std::vector<std::string> problems_;
  std::unique_ptr<TemplateRegistry> registry_;
  v1::AnalyzeTemplateResponse response_;
};

TEST_F(TemplateAnalysisViewTest, AnalysesWhatWasApplied) {
  v1::AnalyzeTemplateRequest request;
  request.set_name("order");
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_EQ(response_.analysis().version(), "1.0.0");
  EXPECT_THAT(response_.analysis().critical_path(), ElementsAre("a", "b"));
}

TEST_F(TemplateAnalysisViewTest, AnalysesATextWithoutStoringIt) {
  v1::AnalyzeTemplateRequest request;
  request.set_source(
      "name: other\ntask_handler_class: O\nstep_templates:\n  - {nmae: x, name: a, handler_class: "
      "A}\n");
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_EQ(response_.analysis().name(), "other");
  ASSERT_EQ(response_.warnings_size(), 1);
  EXPECT_THAT(response_.warnings(0), HasSubstr("template:4:6: warning: "));
  EXPECT_EQ(registry_->List("").size(), 1u);
}

TEST_F(TemplateAnalysisViewTest, RefusesWhatIsNotValidNotThereOrNotClear) {
  v1::AnalyzeTemplateRequest request;
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kInvalidArgument);
  request.set_source("name: [\n");
  request.set_source_name("bad.yaml");
  const absl::Status bad = Ask(request);
  EXPECT_EQ(bad.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bad.message()), HasSubstr("bad.yaml:"));
  request.set_name("order");
  EXPECT_THAT(std::string(Ask(request).message()), HasSubstr("source: cannot stand beside `name`"));
  request.clear_source();
  request.set_name("ordr");
  const absl::Status missing = Ask(request);
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("did you mean order?"));
  request.clear_name();
  request.set_source(std::string(config::kTemplateBytesMax + 1, ' '));
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(response_.has_analysis());
}

}  // namespace
}  // namespace tasker::service

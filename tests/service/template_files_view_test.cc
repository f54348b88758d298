#include "service/templates/template_files_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/templates/template_metrics.h"
#include "tests/service/folder_world.h"

namespace tasker::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TemplateFilesViewTest : public ::testing::Test {
 protected:
  TemplateFilesViewTest() {
    for (const char* name : {"a", "b", "c"}) {
      world_.WriteByRename(std::string(name) + ".yaml", TemplateText(name));
    }
    world_.WriteByRename("bad.yaml", "name: bad\n");
    folder_.LoadNow();
  }
  v1::ListTemplateFilesResponse List(const v1::ListTemplateFilesRequest& request) {
    v1::ListTemplateFilesResponse response;
    EXPECT_TRUE(ListFiles(*world_.registry, &folder_, request, response).ok());
    return response;
  }
  double Metric(const std::string& name, const std::string& label = "") {
    for (const auto& family : TemplateMetrics(world_.registry.get(), &folder_).Collect()) {
      if (family.name != name) continue;
      for (const auto& metric : family.metric) {
        if (!label.empty() && metric.label.at(0).value != label) continue;
        return family.type == prometheus::MetricType::Counter ? metric.counter.value
                                                              : metric.gauge.value;
      }
    }
    ADD_FAILURE() << "no metric " << name;
    return -1;
  }

  FolderWorld world_;
  TemplateFolder folder_{world_.folder(), std::chrono::milliseconds(0), world_.registry.get()};
};

std::vector<std::string> Paths(const v1::ListTemplateFilesResponse& response) {
  std::vector<std::string> paths;
  for (const auto& file : response.files()) paths.push_back(file.path());
  return paths;
}

TEST_F(TemplateFilesViewTest, TellsOfEachFile) {
  const v1::ListTemplateFilesResponse all = List({});
  EXPECT_EQ(all.folder(), world_.folder());
  EXPECT_THAT(Paths(all), ElementsAre("a.yaml", "b.yaml", "bad.yaml", "c.yaml"));
  EXPECT_EQ(all.files(0).state(), v1::TEMPLATE_FILE_STATE_LOADED);
  EXPECT_EQ(all.files(0).name(), "a");
  EXPECT_GT(all.files(0).since().seconds(), 0);
  EXPECT_EQ(all.files(2).state(), v1::TEMPLATE_FILE_STATE_BROKEN);
  EXPECT_THAT(all.files(2).problem(), HasSubstr("step_templates"));
  EXPECT_EQ(all.loaded(), 3u);
  EXPECT_EQ(all.broken(), 1u);
  EXPECT_EQ(all.next_page_token(), "");
}

TEST_F(TemplateFilesViewTest, ListsAPageAtATimeAndProblemsAlone) {
  v1::ListTemplateFilesRequest request;
  request.set_page_size(3);
  const v1::ListTemplateFilesResponse first = List(request);
  EXPECT_THAT(Paths(first), ElementsAre("a.yaml", "b.yaml", "bad.yaml"));
  request.set_page_token(first.next_page_token());
  const v1::ListTemplateFilesResponse second = List(request);
  EXPECT_THAT(Paths(second), ElementsAre("c.yaml"));
  EXPECT_EQ(second.next_page_token(), "");
  v1::ListTemplateFilesRequest problems;
  problems.set_only_problems(true);
  EXPECT_THAT(Paths(List(problems)), ElementsAre("bad.yaml"));
}

TEST_F(TemplateFilesViewTest, RefusesAPageThatIsTooLong) {
  v1::ListTemplateFilesRequest request;
  request.set_page_size(1001);
  v1::ListTemplateFilesResponse response;
  EXPECT_EQ(ListFiles(*world_.registry, &folder_, request, response).message(),
            "page_size: 1001 is over the limit of 1000");
}

TEST_F(TemplateFilesViewTest, TellsOfNothingWithoutAFolder) {
  v1::ListTemplateFilesResponse response;
  EXPECT_TRUE(ListFiles(*world_.registry, nullptr, {}, response).ok());
  EXPECT_EQ(response.folder(), "");
  EXPECT_THAT(response.files(), IsEmpty());
}

TEST_F(TemplateFilesViewTest, CountsInTheStatusAndForPrometheus) {
  v1::GetStatusResponse status;
  DescribeTemplates(*world_.registry, &folder_, status);
  EXPECT_EQ(status.broken_template_files(), 1u);
  EXPECT_EQ(status.unusable_stored_templates(), 0u);
  EXPECT_EQ(Metric("tasker_template_files_loaded"), 3);
  EXPECT_EQ(Metric("tasker_template_files_broken"), 1);
  EXPECT_EQ(Metric("tasker_template_file_loads_total", "applied"), 3);
  EXPECT_EQ(Metric("tasker_template_file_loads_total", "refused"), 1);
  EXPECT_EQ(Metric("tasker_template_folder_readable"), 1);
  EXPECT_GT(Metric("tasker_template_folder_scan_timestamp_seconds"), 1e9);
}

}  // namespace
}  // namespace tasker::service

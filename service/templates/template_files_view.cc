#include "service/templates/template_files_view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include <google/protobuf/util/time_util.h>

#include "engine/tasks/record_codec.h"

namespace tasker::service {
namespace {

using google::protobuf::util::TimeUtil;
using State = TemplateFile::State;

constexpr std::uint32_t kPageSizeMax = 1000;
constexpr std::uint32_t kPageSizeDefault = 100;

google::protobuf::Timestamp TimeOf(engine::Timestamp time) {
  return TimeUtil::MicrosecondsToTimestamp(engine::ToMicros(time));
}

v1::TemplateFileState StateOf(State state) {
  switch (state) {
    case State::kLoaded:
      return v1::TEMPLATE_FILE_STATE_LOADED;
    case State::kBroken:
      return v1::TEMPLATE_FILE_STATE_BROKEN;
    case State::kNotStored:
      return v1::TEMPLATE_FILE_STATE_NOT_STORED;
    case State::kSkipped:
      break;
  }
  return v1::TEMPLATE_FILE_STATE_SKIPPED;
}

v1::TemplateFile ViewOf(const TemplateFile& file) {
  v1::TemplateFile out;
  out.set_path(file.path);
  out.set_state(StateOf(file.state));
  out.set_problem(file.problem);
  if (file.loaded) {
    out.set_namespace_(file.loaded->namespace_name);
    out.set_name(file.loaded->name);
    out.set_version(file.loaded->version);
  }
  *out.mutable_since() = TimeOf(file.since);
  return out;
}

void AddStoredProblems(const TemplateRegistry& registry, v1::ListTemplateFilesResponse& response) {
  for (const TemplateRegistry::StoredProblem& problem : registry.StoredProblems()) {
    v1::StoredTemplateProblem& out = *response.add_stored_problems();
    out.set_namespace_(problem.id.namespace_name);
    out.set_name(problem.id.name);
    out.set_version(problem.id.version);
    out.set_reason(problem.reason);
    out.set_usable(problem.usable);
  }
}

}  // namespace

absl::Status ListFiles(const TemplateRegistry& registry, const TemplateFolder* folder,
                       const v1::ListTemplateFilesRequest& request,
                       v1::ListTemplateFilesResponse& response) {
  if (request.page_size() > kPageSizeMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", request.page_size(), " is over the limit of ", kPageSizeMax));
  }
  if (request.page_token().empty()) AddStoredProblems(registry, response);
  if (folder == nullptr) return absl::OkStatus();
  const std::shared_ptr<const FolderReport> report = folder->report();
  response.set_folder(report->folder);
  response.set_folder_problem(report->problem);
  response.set_watch_problem(folder->watch_problem());
  *response.mutable_looked_at() = TimeOf(report->looked_at);
  const auto count = [&](State state) {
    return static_cast<std::uint32_t>(report->CountOf(state));
  };
  response.set_loaded(count(State::kLoaded));
  response.set_broken(count(State::kBroken));
  response.set_not_stored(count(State::kNotStored));
  response.set_skipped(count(State::kSkipped));

  const std::uint32_t page = request.page_size() == 0 ? kPageSizeDefault : request.page_size();
  // A token is the last path of its page behind a letter, since the first path may be empty.
  const std::string after = request.page_token().empty() ? "" : request.page_token().substr(1);
  for (const auto& file : report->files) {
    if (!request.page_token().empty() && file->path <= after) continue;
    if (request.only_problems() && file->state == State::kLoaded) continue;
    if (static_cast<std::uint32_t>(response.files_size()) == page) {
      response.set_next_page_token("p" + response.files(response.files_size() - 1).path());
      break;
    }
    *response.add_files() = ViewOf(*file);
  }
  return absl::OkStatus();
}

void DescribeTemplates(const TemplateRegistry& registry, const TemplateFolder* folder,
                       v1::GetStatusResponse& status) {
  const std::vector<TemplateRegistry::StoredProblem> problems = registry.StoredProblems();
  status.set_unusable_stored_templates(static_cast<std::uint64_t>(
      std::ranges::count(problems, false, &TemplateRegistry::StoredProblem::usable)));
  if (folder == nullptr) return;
  const std::shared_ptr<const FolderReport> report = folder->report();
  status.set_broken_template_files(report->CountOf(State::kBroken) +
                                   (report->problem.empty() ? 0 : 1));
}

}  // namespace tasker::service

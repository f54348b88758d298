#include "clients/cli/graph/picture_source.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/state_text.h"
#include "clients/cli/task_view.h"
#include "clients/cli/time_text.h"
#include "config/analysis/longest_path.h"
#include "config/analysis/step_graph.h"

namespace tasker::cli {
namespace {

using Places = absl::flat_hash_map<std::string, std::uint32_t>;
// Of each step; nullopt: not known.
using Times = std::vector<std::optional<absl::Duration>>;

template <typename Steps>
Places PlacesOf(const Steps& steps) {
  Places places;
  for (const auto& step : steps) {
    places.emplace(step.name(), static_cast<std::uint32_t>(places.size()));
  }
  return places;
}

NodeKind KindOf(const v1::AnalyzedStep& step) {
  if (!step.compensates().empty()) return NodeKind::kUndo;
  if (step.on_failure()) return NodeKind::kOnFailure;
  switch (step.kind()) {
    case v1::STEP_KIND_DECISION:
      return NodeKind::kDecision;
    case v1::STEP_KIND_SUB_TASK:
      return NodeKind::kSubTask;
    case v1::STEP_KIND_WAIT:
      return NodeKind::kWait;
    default:
      return NodeKind::kHandler;
  }
}

PictureNode NodeOf(const v1::AnalyzedStep& step) {
  PictureNode node{.name = step.name(), .kind = KindOf(step), .many = !step.for_each().empty()};
  const auto note = [&node](std::string_view label, const std::string& text) {
    if (!text.empty()) node.notes.push_back(absl::StrCat(std::string(label), text));
  };
  if (node.kind == NodeKind::kDecision) node.notes.emplace_back("decision");
  if (node.kind == NodeKind::kOnFailure) node.notes.emplace_back("on failure");
  note("undoes ", step.compensates());
  note("runs ", step.sub_task());
  note(step.waits_for().starts_with("signal") ? "waits for " : "waits ", step.waits_for());
  note("for each ", step.for_each());
  note("when ", step.condition());
  return node;
}

// Edges without those that no step, or no order of work, stands behind.
void SetEdges(Picture& picture, const std::vector<PictureEdge>& edges) {
  std::vector<config::StepEdge> plain;
  absl::flat_hash_map<std::pair<std::uint32_t, std::uint32_t>, EdgeKind> kinds;
  for (const PictureEdge& edge : edges) {
    plain.push_back({edge.from, edge.to});
    if (edge.kind != EdgeKind::kDependency) kinds[{edge.from, edge.to}] = edge.kind;
  }
  const config::StepGraph graph(static_cast<std::uint32_t>(picture.nodes.size()), plain);
  for (std::uint32_t from = 0; from < graph.size(); ++from) {
    for (const std::uint32_t to : graph.ChildrenOf(from)) {
      const auto kind = kinds.find({from, to});
      picture.edges.push_back(
          {from, to, kind == kinds.end() ? EdgeKind::kDependency : kind->second, false});
    }
  }
}

void AddDependencies(const google::protobuf::RepeatedPtrField<std::string>& names,
                     const Places& places, std::uint32_t to, std::vector<PictureEdge>& edges) {
  for (const std::string& name : names) {
    const auto from = places.find(name);
    if (from != places.end()) edges.push_back({from->second, to});
  }
}

// What a template tells beside dependencies. `places` says which nodes are there.
void AddFlow(const v1::TemplateAnalysis& analysis, const Places& places,
             std::vector<PictureEdge>& edges) {
  for (const v1::AnalyzedStep& step : analysis.steps()) {
    const auto place = places.find(step.name());
    if (place == places.end()) continue;
    for (const std::string& branch : step.branches()) {
      const auto to = places.find(branch);
      if (to != places.end()) edges.push_back({place->second, to->second, EdgeKind::kChoice});
    }
    const auto undone = places.find(step.compensates());
    if (undone != places.end()) edges.push_back({undone->second, place->second, EdgeKind::kUndo});
  }
}

bool InReserve(const PictureNode& node) {
  return node.kind == NodeKind::kUndo || node.kind == NodeKind::kOnFailure;
}

void MarkCriticalPath(Picture& picture, const Times& times, CriticalBy by) {
  std::vector<config::StepEdge> edges;
  for (const PictureEdge& edge : picture.edges) {
    if (edge.kind != EdgeKind::kUndo) edges.push_back({edge.from, edge.to});
  }
  const config::StepGraph graph(static_cast<std::uint32_t>(picture.nodes.size()), edges);
  bool all_known = true;
  for (std::size_t i = 0; i < times.size(); ++i) {
    all_known = all_known && (times[i].has_value() || InReserve(picture.nodes[i]));
  }
  const bool by_time = by == CriticalBy::kTime || (by == CriticalBy::kAuto && all_known);
  std::vector<config::PathWeight> weights(picture.nodes.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (InReserve(picture.nodes[i])) continue;
    const absl::Duration time =
        std::max(times[i].value_or(absl::ZeroDuration()), absl::ZeroDuration());
    weights[i] = {1, absl::ToInt64Microseconds(time)};
    if (by_time) std::swap(weights[i].first, weights[i].second);
  }
  const config::LongestPath path = config::FindLongestPath(graph, weights);
  // Nothing else than steps of the reserve.
  if (path.weight == config::PathWeight{}) return;
  std::vector<std::uint32_t> next(picture.nodes.size(), ~std::uint32_t{0});
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    picture.nodes[path.steps[i]].critical = true;
    if (i > 0) next[path.steps[i - 1]] = path.steps[i];
  }
  for (PictureEdge& edge : picture.edges) edge.critical = next[edge.from] == edge.to;
}

std::optional<absl::Duration> ExpectedOf(const v1::AnalyzedStep& step) {
  if (!step.has_expected_duration()) return std::nullopt;
  return absl::Seconds(step.expected_duration().seconds()) +
         absl::Nanoseconds(step.expected_duration().nanos());
}

// From the end of the last step before to a step's own end.
std::vector<std::optional<absl::Duration>> TimesTaken(const v1::Task& task,
                                                      const Picture& picture) {
  std::vector<absl::Time> begin(picture.nodes.size(), ToTime(task.created_at()));
  for (const PictureEdge& edge : picture.edges) {
    const v1::Step& before = task.steps(static_cast<int>(edge.from));
    if (!before.has_completed_at()) continue;
    begin[edge.to] = std::max(begin[edge.to], ToTime(before.completed_at()));
  }
  Times taken(picture.nodes.size());
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const v1::Step& step = task.steps(static_cast<int>(i));
    if (step.has_completed_at()) taken[i] = ToTime(step.completed_at()) - begin[i];
  }
  return taken;
}

std::string StateNoteOf(const v1::Step& step, absl::Time now) {
  std::vector<std::string> parts;
  if (step.attempts() > 1) parts.push_back(absl::StrCat("attempt ", step.attempts()));
  if (step.has_items_total()) {
    parts.push_back(absl::StrCat(step.items_completed(), "/", step.items_total(), " items"));
  }
  const std::string elapsed = StepElapsedText(step, now);
  if (!elapsed.empty()) parts.push_back(elapsed);
  return absl::StrJoin(parts, ", ");
}

}  // namespace

Picture PictureOf(const v1::TemplateAnalysis& analysis, CriticalBy by) {
  Picture picture;
  picture.title =
      absl::StrCat(analysis.namespace_(), ".", analysis.name(), "@", analysis.version());
  const Places places = PlacesOf(analysis.steps());
  std::vector<PictureEdge> edges;
  Times times;
  for (const v1::AnalyzedStep& step : analysis.steps()) {
    AddDependencies(step.depends_on(), places, static_cast<std::uint32_t>(picture.nodes.size()),
                    edges);
    picture.nodes.push_back(NodeOf(step));
    times.push_back(ExpectedOf(step));
  }
  AddFlow(analysis, places, edges);
  SetEdges(picture, edges);
  MarkCriticalPath(picture, times, by);
  return picture;
}

Picture PictureOf(const v1::Task& task, const v1::TemplateAnalysis* analysis, CriticalBy by,
                  absl::Time now) {
  Picture picture;
  picture.title = absl::StrCat(task.namespace_(), ".", task.name(), "@", task.version());
  picture.subtitle = absl::StrCat("task ", task.task_id(), ": ", StateText(task.state()));
  const Places places = PlacesOf(task.steps());
  const Places known = analysis == nullptr ? Places() : PlacesOf(analysis->steps());
  std::vector<PictureEdge> edges;
  Times expected;
  for (const v1::Step& step : task.steps()) {
    AddDependencies(step.depends_on(), places, static_cast<std::uint32_t>(picture.nodes.size()),
                    edges);
    const auto place = known.find(step.name());
    PictureNode node{.name = step.name()};
    expected.emplace_back();
    if (place != known.end()) {
      const v1::AnalyzedStep& facts = analysis->steps(static_cast<int>(place->second));
      node = NodeOf(facts);
      expected.back() = ExpectedOf(facts);
    }
    node.state = step.state();
    node.state_note = StateNoteOf(step, now);
    picture.nodes.push_back(std::move(node));
  }
  if (analysis != nullptr) AddFlow(*analysis, places, edges);
  SetEdges(picture, edges);
  Times times = TimesTaken(task, picture);
  if (by == CriticalBy::kTime) {
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (!times[i]) times[i] = expected[i];
    }
  }
  MarkCriticalPath(picture, times, by);
  return picture;
}

}  // namespace tasker::cli

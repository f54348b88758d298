#include "config/analysis/analysis_message.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"

namespace tasker::config {
namespace {

using google::protobuf::util::TimeUtil;
using Names = google::protobuf::RepeatedPtrField<std::string>;

std::string SpanText(engine::Duration span) {
  return absl::FormatDuration(absl::Microseconds(span.count()));
}

std::string WaitText(const engine::Wait& wait) {
  if (!wait.signal.empty()) {
    const std::string limit = wait.timeout > engine::Duration::zero()
                                  ? absl::StrCat(", at most ", SpanText(wait.timeout))
                                  : "";
    return absl::StrCat("signal ", wait.signal, limit);
  }
  if (wait.until != nullptr) return absl::StrCat("until ", std::string(wait.until->text()));
  return SpanText(wait.duration);
}

std::string SubTaskText(const engine::SubTask& sub_task) {
  return absl::StrCat(sub_task.namespace_name, ".", sub_task.name,
                      sub_task.version.empty() ? "" : "@", sub_task.version);
}

v1::StepKind KindOf(const engine::StepTemplate& step) {
  if (step.wait) return v1::STEP_KIND_WAIT;
  if (step.sub_task) return v1::STEP_KIND_SUB_TASK;
  return step.choice != nullptr ? v1::STEP_KIND_DECISION : v1::STEP_KIND_HANDLER;
}

class Writer {
 public:
  Writer(const engine::TaskTemplate& analyzed, const TemplateAnalysis& analysis)
      : template_(analyzed), analysis_(analysis) {}

  v1::TemplateAnalysis Write() const {
    v1::TemplateAnalysis out;
    out.set_namespace_(template_.id.namespace_name);
    out.set_name(template_.id.name);
    out.set_version(template_.id.version);
    out.set_dependencies(analysis_.graph.edge_count());
    for (std::uint32_t i = 0; i < template_.steps.size(); ++i) WriteStep(i, *out.add_steps());
    for (const auto& level : analysis_.levels) AddNames(level, *out.add_levels()->mutable_steps());
    AddNames(analysis_.roots, *out.mutable_roots());
    AddNames(analysis_.leaves, *out.mutable_leaves());
    AddNames(analysis_.critical_path, *out.mutable_critical_path());
    WriteSlowestPath(out);
    WriteParallelism(*out.mutable_parallelism());
    WriteWeakPlaces(out);
    for (const Advice& advice : analysis_.advice) {
      v1::TemplateAdvice& to = *out.add_advice();
      // The same kinds in the same order.
      to.set_kind(static_cast<v1::AdviceKind>(static_cast<int>(advice.kind) + 1));
      AddNames(advice.steps, *to.mutable_steps());
      to.set_concerned(advice.concerned);
      to.set_message(advice.message);
    }
    return out;
  }

 private:
  const std::string& Name(std::uint32_t step) const { return template_.steps[step].name; }

  void AddNames(const std::vector<std::uint32_t>& steps, Names& to) const {
    for (const std::uint32_t step : steps) *to.Add() = Name(step);
  }

  void WriteStep(std::uint32_t index, v1::AnalyzedStep& out) const {
    const engine::StepTemplate& step = template_.steps[index];
    const StepFacts& facts = analysis_.steps[index];
    out.set_name(step.name);
    out.set_kind(KindOf(step));
    out.set_handler_class(step.handler_class);
    for (const engine::StepIndex parent : step.parents) out.add_depends_on(Name(Raw(parent)));
    out.set_level(step.in_reserve() ? 0 : analysis_.graph.LevelOf(index) + 1);
    for (const engine::StepIndex branch : step.branches) out.add_branches(Name(Raw(branch)));
    if (step.when != nullptr) out.set_condition(std::string(step.when->text()));
    if (step.for_each) out.set_for_each(std::string(step.for_each->items->text()));
    if (step.sub_task) out.set_sub_task(SubTaskText(*step.sub_task));
    if (step.wait) out.set_waits_for(WaitText(*step.wait));
    if (step.compensates) out.set_compensates(Name(Raw(*step.compensates)));
    out.set_on_failure(step.on_failure);
    out.set_skippable(step.skippable);
    out.set_may_be_left_out(facts.may_be_left_out);
    out.set_attempts(step.retryable ? std::max(step.retry_limit, 1U) : 1);
    if (facts.expected) {
      *out.mutable_expected_duration() = TimeUtil::MicrosecondsToDuration(facts.expected->count());
    }
    out.set_on_critical_path(facts.on_critical_path);
    out.set_blocks(facts.blocks.value_or(0));
    out.set_chain_behind(facts.chain_behind);
  }

  void WriteSlowestPath(v1::TemplateAnalysis& out) const {
    if (!analysis_.slowest_path) return;
    v1::SlowestPath& path = *out.mutable_slowest_path();
    AddNames(analysis_.slowest_path->steps, *path.mutable_steps());
    *path.mutable_expected_duration() =
        TimeUtil::MicrosecondsToDuration(analysis_.slowest_path->expected.count());
    path.set_unknown_steps(analysis_.slowest_path->unknown_steps);
  }

  void WriteParallelism(v1::TemplateParallelism& out) const {
    out.set_width(analysis_.width);
    out.set_widest_level(analysis_.levels.empty() ? 0 : analysis_.widest_level + 1);
    out.set_speedup(analysis_.parallelism);
    out.set_concurrent(template_.concurrent);
    out.set_running_steps_max(template_.running_steps_max);
  }

  void WriteWeakPlaces(v1::TemplateAnalysis& out) const {
    for (const Bottleneck& bottleneck : analysis_.bottlenecks) {
      v1::TemplateBottleneck& to = *out.add_bottlenecks();
      to.set_step(Name(bottleneck.step));
      to.set_everything_passes(bottleneck.everything_passes);
      to.set_parents(static_cast<std::uint32_t>(analysis_.graph.ParentsOf(bottleneck.step).size()));
      to.set_children(
          static_cast<std::uint32_t>(analysis_.graph.ChildrenOf(bottleneck.step).size()));
      to.set_blocks(analysis_.steps[bottleneck.step].blocks.value_or(0));
    }
    const std::size_t others = template_.steps.size() - analysis_.reserve.size() - 1;
    for (const std::uint32_t step : analysis_.error_chains) {
      v1::ErrorChain& to = *out.add_error_chains();
      to.set_step(Name(step));
      to.set_blocks(analysis_.steps[step].blocks.value_or(0));
      to.set_share(static_cast<double>(to.blocks()) / static_cast<double>(others));
      to.set_chain(analysis_.steps[step].chain_behind);
    }
    out.set_blocks_counted(std::ranges::all_of(
        analysis_.steps, [](const StepFacts& facts) { return facts.blocks.has_value(); }));
  }

  const engine::TaskTemplate& template_;
  const TemplateAnalysis& analysis_;
};

}  // namespace

v1::TemplateAnalysis ToMessage(const engine::TaskTemplate& analyzed,
                               const TemplateAnalysis& analysis) {
  return Writer(analyzed, analysis).Write();
}

}  // namespace tasker::config

// An analysis in the contract's words, for the service and for the command line alike.
#pragma once

#include "config/analysis/template_analysis.h"
#include "engine/model/task_template.h"
#include "tasker/v1/template_analysis.pb.h"

namespace tasker::config {

// `analysis` is of `analyzed`.
v1::TemplateAnalysis ToMessage(const engine::TaskTemplate& analyzed,
                               const TemplateAnalysis& analysis);

}  // namespace tasker::config

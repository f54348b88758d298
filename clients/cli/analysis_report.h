// A template's analysis for people.
#pragma once

#include <ostream>

#include "tasker/v1/template_analysis.pb.h"

namespace tasker::cli {

// The whole of it: what is so in short, every step, weak places, advice. Text from the template is
// escaped.
void PrintAnalysis(std::ostream& out, const v1::TemplateAnalysis& analysis);

}  // namespace tasker::cli

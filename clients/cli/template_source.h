// What a template command is about: a file, or a template that the service has.
#pragma once

#include <string>

#include "clients/cli/session.h"
#include "tasker/v1/template_analysis.pb.h"

namespace tasker::cli {

// As given on the command line.
struct TemplateArgument {
  // A file, `-` for standard input, or a template's name.
  std::string text;
  // Which of a file's environments is merged in; empty: none.
  std::string environment;
  // Of a name.
  std::string namespace_name;
  std::string version;

  // Whether a file is meant: `-`, what exists as a file, and what can be no name, such as
  // `tasks/order.yaml`. With a namespace or a version a name is.
  bool is_file() const;
};

// Analyses the file by itself, or asks the service. Warnings and errors are told on stderr; a
// file's
// `${VARIABLES}` come from this program's environment. kRefused: the template is not valid, or not
// there.
ExitCode Analyze(Session& session, Connection& connection, const TemplateArgument& argument,
                 v1::TemplateAnalysis& analysis);

}  // namespace tasker::cli

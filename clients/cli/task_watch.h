// Following one task to its end.
#pragma once

#include <string>

#include "clients/cli/session.h"

namespace tasker::cli {

// Shows the task as it runs, until it is finished, and then `NAME: STATE` as the last line on
// stdout; with JSON only the finished task as a document. Goes on after a restart of the service
// that is shorter than the connection's timeout.
//
// kOk if the task completed; kRefused for any other end, which stderr explains.
ExitCode WatchTask(Session& session, Connection& connection, const std::string& task_id);

}  // namespace tasker::cli

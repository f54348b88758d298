// How the service is to know us, and we it, from the command line.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds the options about TLS and tokens. `options` must outlive `app`.
void AddSecurityOptions(CLI::App& app, GlobalOptions& options);

// Reads the token from where the options say. Returns what is wrong, or nothing.
std::string FillToken(GlobalOptions& options);

}  // namespace tasker::cli

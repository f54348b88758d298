// The classes that the conformance suite drives; tests/conformance says what each does.
#pragma once

#include "tasker/client/worker.h"

namespace tasker::conformance {

// Registers all of them.
void RegisterAll(client::Worker& worker);

}  // namespace tasker::conformance

// Assignments as handlers see them.
#pragma once

#include "engine/effects.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::service {

// Fills in the public form of an assignment.
void Fill(const engine::Assignment& assignment, v1::Assignment& out);

}  // namespace tasker::service

// From our errors to gRPC's. The codes are the same numbers on both sides.
#pragma once

#include "absl/status/status.h"
#include <grpcpp/support/status.h>

namespace tasker::service {

// The same code and message. A message that the trailers of a call have no room for (8 KiB in all,
// by gRPC's default) is cut behind a line, and ends with the number of lines left out: a longer one
// would not reach the client at all.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace tasker::service

// Connections of a load.
#pragma once

#include <memory>
#include <string>

#include "grpcpp/channel.h"

namespace tasker::bench {

// A connection of its own to host:port, which takes messages of any length.
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& server);

}  // namespace tasker::bench

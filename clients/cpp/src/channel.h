// How connections to the service are set up.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"

namespace tasker::client {

// A channel of its own (no connection is shared with other channels) that notices a peer that is
// gone, and takes messages of any size. Connects with the first call. `credentials` null: plain
// text.
std::shared_ptr<grpc::Channel> OpenChannel(
    const std::string& server, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

// The same code and message.
absl::Status ToAbslStatus(const grpc::Status& status);

}  // namespace tasker::client

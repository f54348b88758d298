// How connections to the service are set up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"

#include "tasker/client/security.h"

namespace tasker::client {

// `given` if it is set, else what `tls` says, else plain text. INVALID_ARGUMENT: a file cannot be
// read, or only one of certificate and key is named.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(
    const std::shared_ptr<grpc::ChannelCredentials>& given, const std::optional<TlsOptions>& tls);

// The addresses of a list with commas between; without empty ones and white space.
std::vector<std::string> AddressesOf(const std::string& servers);

// A channel of its own (no connection is shared with other channels) that notices a peer that is
// gone, and takes messages of any size. Connects with the first call.
std::shared_ptr<grpc::Channel> OpenChannel(
    const std::string& server, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

// The token that `source` gives now; UNAUTHENTICATED: it throws, or gives what no header can hold.
absl::StatusOr<std::string> CurrentToken(const TokenSource& source);

// Sends the token with the call; empty: nothing.
void AddToken(const std::string& token, grpc::ClientContext& context);

// The same code and message.
absl::Status ToAbslStatus(const grpc::Status& status);
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace tasker::client

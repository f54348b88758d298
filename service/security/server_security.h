// What the gRPC door asks of those who knock.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include <grpcpp/security/server_credentials.h>

#include "config/settings.h"
#include "service/security/access_tokens.h"

namespace tasker::service {

// The credentials that the settings ask for: none; TLS, with the files read again when they change;
// TLS with certificates of clients; and, with TLS, `tokens` for every call but health checks, which
// may be null. Errors: FAILED_PRECONDITION: a file cannot be read.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsFor(
    const config::TlsSettings& tls, AccessTokens* tokens);

// The token in the metadata of a call, `authorization: Bearer TOKEN`; empty if there is none.
std::string_view BearerToken(std::string_view authorization);

}  // namespace tasker::service

#include "clients/cpp/src/channel.h"

#include <algorithm>
#include <exception>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "grpcpp/create_channel.h"

#include "clients/cpp/src/text_file.h"

namespace tasker::client {

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(
    const std::shared_ptr<grpc::ChannelCredentials>& given, const std::optional<TlsOptions>& tls) {
  if (given != nullptr) return given;
  if (!tls) return grpc::InsecureChannelCredentials();
  if (tls->certificate_file.empty() != tls->key_file.empty()) {
    return absl::InvalidArgumentError(
        "tls: a certificate needs its key, and a key its certificate");
  }
  grpc::SslCredentialsOptions options;
  try {
    if (!tls->ca_file.empty()) options.pem_root_certs = ReadTextFile(tls->ca_file);
    if (!tls->key_file.empty()) {
      options.pem_cert_chain = ReadTextFile(tls->certificate_file);
      options.pem_private_key = ReadTextFile(tls->key_file);
    }
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(std::string("tls: ") + error.what());
  }
  return grpc::SslCredentials(options);
}

std::vector<std::string> AddressesOf(const std::string& servers) {
  std::vector<std::string> addresses;
  for (const absl::string_view part : absl::StrSplit(servers, ',')) {
    const absl::string_view address = absl::StripAsciiWhitespace(part);
    if (!address.empty()) addresses.emplace_back(address);
  }
  return addresses;
}

std::shared_ptr<grpc::Channel> OpenChannel(
    const std::string& server, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // A new channel must really connect. With the shared pool it would take over the backoff of the
  // connection that failed before.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // Despite its name also how long one try to connect may take.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  // Setting keepalive switches on TCP_USER_TIMEOUT: a peer that does not take bytes for 20 s is
  // gone. The pings themselves must be rarer than every 5 minutes, or a gRPC server with default
  // settings ends the connection.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 6 * 60 * 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * 1000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return grpc::CreateCustomChannel(
      server, credentials ? credentials : grpc::InsecureChannelCredentials(), arguments);
}

absl::StatusOr<std::string> CurrentToken(const TokenSource& source) {
  std::string token;
  try {
    token = source.Get();
  } catch (const std::exception& error) {
    return absl::UnauthenticatedError(std::string("the access token cannot be had: ") +
                                      error.what());
  }
  // gRPC would end the process for a header that HTTP does not allow.
  const auto is_allowed = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!std::all_of(token.begin(), token.end(), is_allowed)) {
    return absl::UnauthenticatedError("the access token has characters that no header can hold");
  }
  return token;
}

void AddToken(const std::string& token, grpc::ClientContext& context) {
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
}

absl::Status ToAbslStatus(const grpc::Status& status) {
  // The codes are the same numbers in both.
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

}  // namespace tasker::client

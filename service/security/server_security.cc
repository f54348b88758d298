#include "service/security/server_security.h"

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace tasker::service {
namespace {

constexpr char kHealth[] = "/grpc.health.v1.Health/";
// How often certificates are looked at.
constexpr unsigned kRefreshSeconds = 10;

// Lets through whoever has a token.
class TokenCheck final : public grpc::AuthMetadataProcessor {
 public:
  explicit TokenCheck(AccessTokens* tokens) : tokens_(*tokens) {}

  // A look at a hash table, and at most once a second at a file.
  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata* consumed,
                       OutputMetadata*) override {
    const auto path = metadata.find(":path");
    // Whoever watches the service has no token, and learns nothing else.
    if (path != metadata.end() && path->second.starts_with(kHealth)) return grpc::Status::OK;
    const auto found = metadata.find("authorization");
    if (found == metadata.end()) {
      return {grpc::StatusCode::UNAUTHENTICATED,
              "the call has no access token: send the metadata `authorization: Bearer TOKEN`"};
    }
    const std::string_view value(found->second.data(), found->second.size());
    if (!tokens_.NameOf(BearerToken(value))) {
      return {grpc::StatusCode::UNAUTHENTICATED, "the access token is not known"};
    }
    (void)consumed;
    return grpc::Status::OK;
  }

 private:
  AccessTokens& tokens_;
};

absl::Status CheckReadable(const std::string& file, std::string_view setting) {
  if (file.empty() || std::ifstream(file).good()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(std::string(setting), ": ", file, " cannot be read"));
}

}  // namespace

std::string_view BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size() ||
      !absl::EqualsIgnoreCase(std::string(authorization.substr(0, kScheme.size())),
                              std::string(kScheme))) {
    return "";
  }
  return authorization.substr(kScheme.size());
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsFor(
    const config::TlsSettings& tls, AccessTokens* tokens) {
  if (tls.certificate.empty()) return grpc::InsecureServerCredentials();
  for (const auto& [file, setting] :
       {std::pair(tls.certificate, "tls.certificate"), std::pair(tls.key, "tls.key"),
        std::pair(tls.client_ca, "tls.client_ca")}) {
    if (absl::Status readable = CheckReadable(file, setting); !readable.ok()) return readable;
  }
  const auto certificates = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      tls.key, tls.certificate, tls.client_ca, kRefreshSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(certificates);
  options.watch_identity_key_cert_pairs();
  if (tls.client_ca.empty()) {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  std::shared_ptr<grpc::ServerCredentials> credentials =
      grpc::experimental::TlsServerCredentials(options);
  if (tokens != nullptr) {
    credentials->SetAuthMetadataProcessor(std::make_shared<TokenCheck>(tokens));
  }
  return credentials;
}

}  // namespace tasker::service

#include "clients/cli/security_options.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"

namespace tasker::cli {

void AddSecurityOptions(CLI::App& app, GlobalOptions& options) {
  app.add_flag("--tls", options.security.tls, "Speak TLS, by the system's certificates")
      ->envname("TASKER_TLS");
  app.add_option("--tls-ca", options.security.ca_file,
                 "Speak TLS; the service's certificate must come of these, in PEM")
      ->envname("TASKER_TLS_CA")
      ->type_name("FILE")
      ->check(CLI::ExistingFile.description(""));
  CLI::Option* certificate = app.add_option("--tls-certificate", options.security.certificate_file,
                                            "Certificate to show to the service, in PEM")
                                 ->envname("TASKER_TLS_CERTIFICATE")
                                 ->type_name("FILE")
                                 ->check(CLI::ExistingFile.description(""));
  CLI::Option* key = app.add_option("--tls-key", options.security.key_file, "Its key, in PEM")
                         ->envname("TASKER_TLS_KEY")
                         ->type_name("FILE")
                         ->check(CLI::ExistingFile.description(""));
  certificate->needs(key);
  key->needs(certificate);
  // Not as an option: everybody on the machine can read those.
  app.add_option("--token-file", options.token_file,
                 "File of the access token; TASKER_TOKEN may hold the token itself")
      ->envname("TASKER_TOKEN_FILE")
      ->type_name("FILE")
      ->check(CLI::ExistingFile.description(""));
}

std::string FillToken(GlobalOptions& options) {
  std::string token;
  if (!options.token_file.empty()) {
    std::ifstream in(options.token_file, std::ios::binary);
    token = {std::istreambuf_iterator<char>(in), {}};
    if (!in) return options.token_file + ": cannot be read";
  } else if (const char* variable = std::getenv("TASKER_TOKEN")) {
    token = variable;
  }
  Connection::Security& security = options.security;
  security.token = std::string(absl::StripAsciiWhitespace(token));
  if (security.token.empty() || security.tls || !security.ca_file.empty()) return "";
  return "an access token needs --tls or --tls-ca: without, anybody on the way could read it";
}

}  // namespace tasker::cli

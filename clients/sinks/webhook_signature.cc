#include "clients/sinks/webhook_signature.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace tasker::sinks {

std::string WebhookSignature(const std::vector<std::string>& secrets, std::string_view id,
                             std::int64_t timestamp, std::string_view body) {
  std::string content(id);
  absl::StrAppend(&content, ".", timestamp, ".");
  content += body;
  std::string signatures;
  for (const std::string& secret : secrets) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest, &size);
    if (!signatures.empty()) signatures += ' ';
    signatures += "v1,";
    signatures +=
        absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(digest), size));
  }
  return signatures;
}

}  // namespace tasker::sinks

#include "config/sinks/target_reader.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tasker::config {
namespace {

const std::vector<std::string> kKinds = {"webhook", "nats", "kafka", "stdout", "file"};

// Standard Webhooks: "between 24 bytes (192 bits) and 64 bytes (512 bits)".
constexpr std::size_t kSecretBytesLeast = 24;
constexpr std::size_t kSecretBytesMost = 64;
constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::uint32_t kConcurrencyMost = 256;
constexpr std::uint32_t kBatchMost = 1'000;
constexpr std::size_t kTopicBytesMost = 249;

bool HasControl(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// The part of an http(s) URL between scheme and path is not empty, and there is no white space.
bool IsHttpUrl(std::string_view url) {
  std::string_view rest = url;
  if (absl::StartsWithIgnoreCase({url.data(), url.size()}, "http://")) {
    rest.remove_prefix(7);
  } else if (absl::StartsWithIgnoreCase({url.data(), url.size()}, "https://")) {
    rest.remove_prefix(8);
  } else {
    return false;
  }
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  return !rest.empty() && rest[0] != '/' && rest[0] != '?' && rest[0] != '#' &&
         std::ranges::none_of(url, is_bad);
}

// Never shows the secret, not even a wrong one.
std::optional<std::string> DecodeSecret(const SinkFields& fields, const std::string& key,
                                        const YamlValue& value) {
  const std::string_view text = value.text;
  std::string bytes;
  if (!text.starts_with(kSecretPrefix) ||
      !absl::Base64Unescape(std::string(text.substr(kSecretPrefix.size())), &bytes) ||
      bytes.size() < kSecretBytesLeast || bytes.size() > kSecretBytesMost) {
    fields.ErrorAt(value, key,
                   absl::StrCat("must be `whsec_` and base64 of ", kSecretBytesLeast, " to ",
                                kSecretBytesMost, " bytes: `openssl rand -base64 32` makes some"));
    return std::nullopt;
  }
  return bytes;
}

void ReadHeaders(const SinkFields& fields, WebhookSettings& webhook) {
  for (const std::string& name : fields.Keys()) {
    const std::string lower = absl::AsciiStrToLower(name);
    const std::string value = fields.Text(name).value_or("");
    if (lower == "content-type" || lower == "content-length" || lower.starts_with("webhook-")) {
      fields.Error(name, "is the sink's own to say");
    } else if (name.empty() || name.find_first_of(" :\t") != std::string::npos ||
               HasControl(name) || HasControl(value)) {
      fields.Error(name, "has characters that no header can hold");
    } else {
      webhook.headers.emplace_back(name, value);
    }
  }
}

WebhookSettings ReadWebhook(const SinkFields& fields) {
  WebhookSettings webhook;
  fields.RefuseUnknown(
      {"url", "headers", "secret", "secrets", "timeout", "concurrency", "batch", "ca"});
  webhook.url = fields.RequiredText("url").value_or("");
  if (!webhook.url.empty() && !IsHttpUrl(webhook.url)) {
    fields.Error("url", absl::StrCat("`", fields.Shown("url"), "` is no http or https URL"));
  }
  fields.WithMap("headers", [&](const SinkFields& inner) { ReadHeaders(inner, webhook); });
  if (fields.Has("secret") && fields.Has("secrets")) {
    fields.Error("secret", "give `secret`, or the list `secrets`, not both");
  }
  if (fields.Text("secret")) {
    const auto bytes = DecodeSecret(fields, "secret", *fields.Find("secret"));
    if (bytes) webhook.secrets.push_back(*bytes);
  }
  for (const YamlValue* each : fields.Texts("secrets")) {
    const auto bytes = DecodeSecret(fields, "secrets", *each);
    if (bytes) webhook.secrets.push_back(*bytes);
  }
  fields.Duration("timeout", &webhook.timeout);
  if (const auto count = fields.CountFrom("concurrency", 1, kConcurrencyMost)) {
    webhook.concurrency = *count;
  }
  if (const auto count = fields.CountFrom("batch", 1, kBatchMost)) webhook.batch = *count;
  webhook.ca_file = fields.Text("ca").value_or("");
  return webhook;
}

// Placeholders known, no white space, no wildcard, no empty part.
void CheckSubject(const SinkFields& fields, const std::string& subject) {
  if (subject.empty()) return;
  std::string plain;
  for (std::size_t i = 0; i < subject.size(); ++i) {
    if (subject[i] != '{') {
      plain += subject[i];
      continue;
    }
    const std::size_t end = subject.find('}', i);
    const std::string name = subject.substr(i + 1, end == std::string::npos ? end : end - i - 1);
    const std::vector<std::string> known(std::begin(kSubjectPlaceholders),
                                         std::end(kSubjectPlaceholders));
    if (end == std::string::npos || std::ranges::find(known, name) == known.end()) {
      fields.Error("subject",
                   absl::StrCat("`{", name, "}` is none of {", absl::StrJoin(known, "}, {"), "}"));
      return;
    }
    plain += 'x';
    i = end;
  }
  const bool bad_part =
      plain.starts_with('.') || plain.ends_with('.') || plain.find("..") != std::string::npos;
  if (bad_part || plain.find_first_of(" \t\r\n*>}") != std::string::npos) {
    fields.Error("subject", "must be parts with points between, without white space, `*` and `>`");
  }
}

void ReadNatsAccess(const SinkFields& fields, NatsSettings& nats) {
  fields.WithMap("credentials", [&](const SinkFields& inner) {
    inner.RefuseUnknown({"file", "user", "password", "token"});
    nats.credentials_file = inner.Text("file").value_or("");
    nats.user = inner.Text("user").value_or("");
    nats.password = inner.Text("password").value_or("");
    nats.token = inner.Text("token").value_or("");
    const int kinds = !nats.credentials_file.empty() + !nats.user.empty() + !nats.token.empty();
    if (kinds != 1 || nats.user.empty() != nats.password.empty()) {
      fields.Error("credentials", "give one of {file}, {user, password} and {token}");
    }
  });
  fields.WithMap("tls", [&](const SinkFields& inner) {
    inner.RefuseUnknown({"ca", "certificate", "key"});
    nats.ca_file = inner.Text("ca").value_or("");
    nats.certificate_file = inner.Text("certificate").value_or("");
    nats.key_file = inner.Text("key").value_or("");
    if (nats.certificate_file.empty() != nats.key_file.empty()) {
      fields.Error("tls", "`certificate` and `key` belong together: give both or neither");
    }
  });
}

NatsSettings ReadNats(const SinkFields& fields) {
  NatsSettings nats;
  fields.RefuseUnknown({"servers", "subject", "jetstream", "timeout", "credentials", "tls"});
  nats.servers = fields.OneOrMore("servers");
  if (nats.servers.empty()) {
    fields.Error("servers", "is required: one or more such as nats://nats.example:4222");
  }
  nats.subject = fields.RequiredText("subject").value_or("");
  CheckSubject(fields, nats.subject);
  if (const auto jetstream = fields.Flag("jetstream")) nats.jetstream = *jetstream;
  fields.Duration("timeout", &nats.timeout);
  ReadNatsAccess(fields, nats);
  return nats;
}

KafkaSettings ReadKafka(const SinkFields& fields) {
  KafkaSettings kafka;
  fields.RefuseUnknown({"brokers", "topic", "timeout", "properties"});
  kafka.brokers = fields.OneOrMore("brokers");
  if (kafka.brokers.empty()) {
    fields.Error("brokers", "is required: one or more such as kafka.example:9092");
  }
  kafka.topic = fields.RequiredText("topic").value_or("");
  const auto allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  };
  if (kafka.topic.size() > kTopicBytesMost || !std::ranges::all_of(kafka.topic, allowed)) {
    fields.Error("topic", "must be letters, digits, `.`, `_` and `-`, at most 249");
  }
  fields.Duration("timeout", &kafka.timeout);
  fields.WithMap("properties", [&](const SinkFields& inner) {
    for (const std::string& name : inner.Keys()) {
      if (name == "bootstrap.servers" || name == "metadata.broker.list") {
        inner.Error(name, "is said by `brokers`");
      } else if (name == "message.timeout.ms" || name == "delivery.timeout.ms") {
        inner.Error(name, "is said by `timeout`");
      } else if (const auto value = inner.Text(name)) {
        kafka.properties.push_back({name, *value, inner.PlaceOf(name)});
      }
    }
  });
  return kafka;
}

}  // namespace

std::string TargetNames() { return absl::StrJoin(kKinds, ", "); }

SinkTarget ReadTarget(const SinkFields& fields) {
  fields.RefuseUnknown(kKinds);
  SinkTarget target;
  int found = 0;
  // Also `stdout:` without a value, which YAML takes for null.
  for (const std::string& key : fields.Keys()) {
    if (std::ranges::find(kKinds, key) == kKinds.end()) continue;
    ++found;
    if (key == "stdout") {
      target = StdoutSettings{};
      fields.WithMap(key, [](const SinkFields& inner) { inner.RefuseUnknown({}); });
    } else if (!fields.Has(key)) {
      fields.Error(key, "must be a map");
    }
  }
  fields.WithMap("webhook", [&](const SinkFields& inner) { target = ReadWebhook(inner); });
  fields.WithMap("nats", [&](const SinkFields& inner) { target = ReadNats(inner); });
  fields.WithMap("kafka", [&](const SinkFields& inner) { target = ReadKafka(inner); });
  fields.WithMap("file", [&](const SinkFields& inner) {
    inner.RefuseUnknown({"path"});
    target = FileSettings{inner.RequiredText("path").value_or("")};
  });
  if (found == 1 || (found == 0 && !fields.Keys().empty())) return target;
  fields.ErrorHere(absl::StrCat("must be one of ", TargetNames()));
  return target;
}

}  // namespace tasker::config

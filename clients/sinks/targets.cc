#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <type_traits>
#include <unistd.h>
#include <variant>

#include "absl/strings/str_cat.h"

#include "clients/sinks/kafka_target.h"
#include "clients/sinks/nats_target.h"
#include "clients/sinks/stream_targets.h"
#include "clients/sinks/target.h"
#include "clients/sinks/webhook_target.h"

namespace tasker::sinks {
namespace {

// What is wrong with one sink's target.
class Checker {
 public:
  Checker(const config::SinkSettings& settings, const std::string& file)
      : settings_(settings), file_(file) {}

  void Check(const config::WebhookSettings& webhook) {
    CheckReadable("target.webhook.ca", webhook.ca_file);
  }
  void Check(const config::NatsSettings& nats) {
    CheckReadable("target.nats.credentials.file", nats.credentials_file);
    CheckReadable("target.nats.tls.ca", nats.ca_file);
    CheckReadable("target.nats.tls.certificate", nats.certificate_file);
    CheckReadable("target.nats.tls.key", nats.key_file);
  }
  void Check(const config::KafkaSettings& kafka) {
    const std::size_t before = found_.size();
    for (const config::KafkaProperty& property : kafka.properties) {
      const std::string complaint = KafkaTarget::Complaint(property);
      if (!complaint.empty())
        Add(absl::StrCat("target.kafka.properties.", property.name), complaint, property.place);
    }
    if (found_.size() > before) return;
    // Some properties only contradict one another.
    const auto opened = KafkaTarget::Open(kafka);
    if (!opened.ok()) Add("target.kafka", std::string(opened.status().message()), settings_.place);
  }
  void Check(const config::StdoutSettings&) {}
  void Check(const config::FileSettings& settings) {
    CheckFolder("target.file.path", settings.path);
  }

  void CheckFolder(const std::string& key, const std::string& path) {
    if (path.empty()) return;
    std::string folder = std::filesystem::path(path).parent_path().string();
    if (folder.empty()) folder = std::string(1, '.');
    if (access(folder.c_str(), W_OK | X_OK) == 0) return;
    Add(key, absl::StrCat("cannot be written: ", folder, ": ", std::strerror(errno)),
        settings_.place);
  }

  config::Diagnostics Take() { return std::move(found_); }

 private:
  void CheckReadable(const std::string& key, const std::string& path) {
    if (path.empty() || access(path.c_str(), R_OK) == 0) return;
    Add(key, absl::StrCat(path, ": ", std::strerror(errno)), settings_.place);
  }

  void Add(const std::string& key, const std::string& message, config::Place place) {
    found_.push_back({config::Diagnostic::Severity::kError, file_, static_cast<int>(place.line),
                      static_cast<int>(place.column), absl::StrCat(settings_.name, ": ", key),
                      message});
  }

  const config::SinkSettings& settings_;
  const std::string& file_;
  config::Diagnostics found_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Target>> OpenTarget(const config::SinkSettings& settings) {
  struct Opener {
    absl::StatusOr<std::unique_ptr<Target>> operator()(const config::WebhookSettings& webhook) {
      return std::make_unique<WebhookTarget>(webhook);
    }
    absl::StatusOr<std::unique_ptr<Target>> operator()(const config::NatsSettings& nats) {
      return std::make_unique<NatsTarget>(nats);
    }
    absl::StatusOr<std::unique_ptr<Target>> operator()(const config::KafkaSettings& kafka) {
      return KafkaTarget::Open(kafka);
    }
    absl::StatusOr<std::unique_ptr<Target>> operator()(const config::StdoutSettings&) {
      return std::make_unique<StdoutTarget>();
    }
    absl::StatusOr<std::unique_ptr<Target>> operator()(const config::FileSettings& file) {
      return std::make_unique<FileTarget>(file);
    }
  };
  return std::visit(Opener{}, settings.target);
}

config::Diagnostics CheckTarget(const config::SinkSettings& settings, const std::string& file) {
  Checker checker(settings, file);
  std::visit([&checker](const auto& target) { checker.Check(target); }, settings.target);
  checker.CheckFolder("dead_letter.file", settings.dead_letter_file);
  return checker.Take();
}

}  // namespace tasker::sinks

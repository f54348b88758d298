#include "storage/rocksdb_logger.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace tasker::storage {
namespace {

class PassingLogger final : public rocksdb::Logger {
 public:
  explicit PassingLogger(std::function<void(const std::string&)> log)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (!log_) return;
    // What is longer is cut; an error's beginning says what it is about.
    std::array<char, 1024> line;
    if (std::vsnprintf(line.data(), line.size(), format, arguments) < 0) return;
    log_(std::string("rocksdb: ") + line.data());
  }

 private:
  const std::function<void(const std::string&)> log_;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> MakeRocksDbLogger(std::function<void(const std::string&)> log) {
  return std::make_shared<PassingLogger>(std::move(log));
}

}  // namespace tasker::storage

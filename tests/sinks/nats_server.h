// A real nats-server on a free port, as long as this object.
#pragma once

#include <string>

#include <sys/types.h>

#include "tests/sinks/temporary_folder.h"

namespace tasker::sinks {

class NatsServer {
 public:
  // Throws std::runtime_error if it does not start. `options`: further lines of its settings.
  explicit NatsServer(std::string options = "");
  ~NatsServer();

  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  // 127.0.0.1:PORT, the same over restarts.
  const std::string& address() const { return address_; }
  std::string url() const { return "nats://" + address_; }

  void Kill();
  // On the same port and store.
  void Restart();

 private:
  void Start(const std::string& port);

  TemporaryFolder folder_;
  const std::string options_;
  std::string address_;
  pid_t process_ = -1;
};

}  // namespace tasker::sinks

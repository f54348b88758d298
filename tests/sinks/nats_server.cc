#include "tests/sinks/nats_server.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <spawn.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/wait.h>

extern char** environ;

namespace tasker::sinks {

NatsServer::NatsServer(std::string options) : options_(std::move(options)) { Start("-1"); }

NatsServer::~NatsServer() {
  if (process_ > 0) Kill();
}

void NatsServer::Kill() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void NatsServer::Restart() { Start(address_.substr(address_.rfind(':') + 1)); }

void NatsServer::Start(const std::string& port) {
  const std::string ports = folder_.File("ports");
  std::filesystem::remove_all(ports);
  std::filesystem::create_directory(ports);
  const std::string settings = folder_.File("nats.conf");
  WriteFile(settings, "listen: \"127.0.0.1:" + port + "\"\nports_file_dir: \"" + ports +
                          "\"\njetstream { store_dir: \"" + folder_.File("store") + "\" }\n" +
                          options_ + "\n");
  std::vector<std::string> arguments = {"nats-server", "--config", settings, "--log",
                                        folder_.File("log")};
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  if (posix_spawnp(&process_, pointers[0], nullptr, nullptr, pointers.data(), environ) != 0) {
    process_ = -1;
    throw std::runtime_error("cannot start nats-server: is Debian's package installed?");
  }
  const std::string file = ports + "/nats-server_" + std::to_string(process_) + ".ports";
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  // The server says that it listens by this file alone.
  while (std::chrono::steady_clock::now() < until) {
    const auto said = nlohmann::json::parse(ReadFile(file), nullptr, false);
    if (said.is_object() && said.contains("nats") && !said["nats"].empty()) {
      const std::string url = said["nats"][0];
      address_ = url.substr(url.find("//") + 2);
      return;
    }
    if (waitpid(process_, nullptr, WNOHANG) != 0) break;
    std::this_thread::yield();
  }
  throw std::runtime_error("nats-server did not start: " + ReadFile(folder_.File("log")));
}

}  // namespace tasker::sinks

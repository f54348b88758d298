#include "tasker/client/cursor_store.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "clients/cpp/src/text_file.h"

namespace tasker::client {

std::string MemoryCursorStore::Load() {
  absl::MutexLock lock(&mutex_);
  return cursor_;
}

void MemoryCursorStore::Save(const std::string& cursor) {
  absl::MutexLock lock(&mutex_);
  cursor_ = cursor;
}

std::string FileCursorStore::Load() {
  if (!std::filesystem::exists(path_)) return {};
  std::string text = ReadTextFile(path_);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

void FileCursorStore::Save(const std::string& cursor) {
  const std::string fresh = path_ + ".new";
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << cursor << '\n';
    file.flush();
    if (!file) throw std::runtime_error("cannot write " + fresh);
  }
  std::filesystem::rename(fresh, path_);
}

}  // namespace tasker::client

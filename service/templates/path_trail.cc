#include "service/templates/path_trail.h"

#include <deque>
#include <filesystem>
#include <system_error>

namespace tasker::service {
namespace {

namespace fs = std::filesystem;

constexpr int kLinksMax = 40;

void PutBefore(const fs::path& path, std::deque<std::string>& names) {
  std::vector<std::string> parts;
  for (const fs::path& part : path.relative_path()) parts.push_back(part.string());
  names.insert(names.begin(), parts.begin(), parts.end());
}

}  // namespace

std::vector<TrailStop> PathTrail(const std::string& path) {
  std::vector<TrailStop> trail;
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  if (error) return trail;
  // What is still to be gone through, below the folder where we are: that is free of links.
  std::deque<std::string> names;
  PutBefore(whole, names);
  fs::path here = whole.root_path();
  int links = 0;
  while (!names.empty()) {
    const std::string name = names.front();
    names.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      here = here.parent_path();
      continue;
    }
    trail.push_back({here.string(), name});
    const fs::path next = here / name;
    const fs::file_status status = fs::symlink_status(next, error);
    if (error || status.type() == fs::file_type::not_found) return trail;
    if (status.type() != fs::file_type::symlink) {
      here = next;
      continue;
    }
    const fs::path target = fs::read_symlink(next, error);
    if (error || ++links > kLinksMax) return trail;
    if (target.is_absolute()) here = target.root_path();
    PutBefore(target, names);
  }
  return trail;
}

}  // namespace tasker::service

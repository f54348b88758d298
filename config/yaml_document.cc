#include "config/yaml_document.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>

namespace tasker::config {

std::optional<YamlMap> ReadDocument(std::string_view yaml, std::size_t bytes_max,
                                    YamlReport& report) {
  if (yaml.size() > bytes_max) {
    report.Error(absl::StrCat(yaml.size(), " bytes are over the limit of ", bytes_max, " bytes"));
    return std::nullopt;
  }
  if (!IsUtf8(yaml)) {
    report.Error("is not UTF-8");
    return std::nullopt;
  }
  try {
    // The parser refuses deep nesting itself (DeepRecursion, at 500), with its place.
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
    if (documents.empty() || documents[0].IsNull()) {
      report.Error("is empty: a map of keys is expected");
      return std::nullopt;
    }
    if (!documents[0].IsMap()) {
      report.Error(documents[0].Mark(), "", "must be a map of keys");
      return std::nullopt;
    }
    if (documents.size() > 1) {
      report.Warn(documents[1].Mark(), "", "only the first document of a file is read");
    }
    return EntriesOf(documents[0], "", report);
  } catch (const YAML::Exception& error) {
    report.Error(error.mark, "", absl::StrCat("is not YAML: ", error.msg));
  } catch (const std::exception& error) {
    report.Error(absl::StrCat("cannot be read as YAML: ", error.what()));
  }
  return std::nullopt;
}

YamlMap EntriesOf(const YAML::Node& map, const std::string& path, YamlReport& report) {
  YamlMap entries;
  absl::flat_hash_map<std::string, std::size_t> places;
  for (const auto& pair : map) {
    if (!pair.first.IsScalar()) {
      report.Error(pair.first.Mark(), path, "a key must be a plain word");
      continue;
    }
    YamlEntry entry{pair.first.Scalar(), pair.first.Mark(), pair.second};
    const auto [earlier, first] = places.try_emplace(entry.key, entries.size());
    if (first) {
      entries.push_back(std::move(entry));
      continue;
    }
    report.Warn(entry.key_mark, Join(path, entry.key), "stands twice; the last one counts");
    entries[earlier->second] = std::move(entry);
  }
  return entries;
}

const YamlEntry* FindEntry(const YamlMap& map, std::string_view key) {
  const auto found = std::ranges::find(map, key, &YamlEntry::key);
  return found == map.end() ? nullptr : &*found;
}

std::string Join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : absl::StrCat(path, ".", std::string(key));
}

bool IsUtf8(std::string_view text) {
  try {
    // Writing a string checks it; this is the check that the results' writer applies as well.
    nlohmann::json(std::string(text)).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

}  // namespace tasker::config

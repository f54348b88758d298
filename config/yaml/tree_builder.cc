#include "config/yaml/tree_builder.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "config/yaml/event_reader.h"

namespace tasker::config {
namespace {

using Kind = YamlValue::Kind;

// Tags of YAML itself; what they say is obeyed as far as a template can tell it.
constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";
constexpr std::array<std::string_view, 7> kTags = {"str",  "int", "float", "bool",
                                                   "null", "map", "seq"};
// Maps up to this size are searched through faster than hashed.
constexpr std::size_t kSmallMap = 16;

bool IsNull(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, YamlDocument& document, YamlReport& report)
      : reader_(text), document_(document), report_(report) {}

  YamlValue* Build() {
    while (!done_) {
      if (!reader_.Next()) {
        report_.Error(reader_.problem_place(), "", "is not YAML: " + reader_.problem());
        return nullptr;
      }
      if (!Take()) return nullptr;
    }
    return root_ != nullptr ? root_ : &document_.Make(Kind::kNull, {});
  }

 private:
  // A list or map that is still open.
  struct Open {
    YamlValue* value = nullptr;
    // Of a map: whether a key was read whose value comes next.
    bool has_key = false;
    // That key is a plain `<<`.
    bool is_merge = false;
    std::string key;
    Place key_place;
    // What its `<<` name, in order.
    std::vector<const YamlValue*> merged;
    std::string anchor;
  };

  // False if an error was reported that ends it.
  bool Take() {
    const yaml_event_t& event = reader_.event();
    switch (event.type) {
      case YAML_STREAM_END_EVENT:
        done_ = true;
        return true;
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ == 1) return true;
        report_.Warn(reader_.place(), "", "only the first document of a file is read");
        done_ = true;
        return true;
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        const std::string_view text{reinterpret_cast<const char*>(scalar.value), scalar.length};
        return CheckTag(scalar.tag) && TakeScalar(text, View(scalar.anchor), scalar);
      }
      case YAML_SEQUENCE_START_EVENT:
        return CheckTag(event.data.sequence_start.tag) &&
               OpenUp(Kind::kList, View(event.data.sequence_start.anchor));
      case YAML_MAPPING_START_EVENT:
        return CheckTag(event.data.mapping_start.tag) &&
               OpenUp(Kind::kMap, View(event.data.mapping_start.anchor));
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return Close();
      case YAML_ALIAS_EVENT:
        return TakeAlias(std::string(View(event.data.alias.anchor)));
      default:
        return true;
    }
  }

  bool TakeScalar(std::string_view text, std::string_view anchor, const auto& scalar) {
    const bool is_plain =
        scalar.style == YAML_PLAIN_SCALAR_STYLE && View(scalar.tag) != "tag:yaml.org,2002:str";
    if (TakesKey()) {
      Open& map = open_.back();
      map.has_key = true;
      map.is_merge = is_plain && text == "<<";
      map.key = text;
      map.key_place = reader_.place();
      return true;
    }
    YamlValue& made =
        document_.Make(is_plain && IsNull(text) ? Kind::kNull : Kind::kScalar, reader_.place());
    made.is_plain = is_plain;
    made.text = text;
    return Add(made, std::string(anchor));
  }

  bool OpenUp(Kind kind, std::string_view anchor) {
    if (TakesKey()) return Refuse("a key must be a plain word");
    if (open_.size() >= kYamlLevelsMax) return TooDeep();
    Open& opened = open_.emplace_back();
    opened.value = &document_.Make(kind, reader_.place());
    opened.anchor = anchor;
    // A name is free again at once, and stands for nothing until the value is whole.
    if (!anchor.empty()) anchors_.erase(std::string(anchor));
    return true;
  }

  bool Close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (closed.value->is_map()) {
      // Its own keys come first.
      DropRepeated(closed.value->entries);
      for (const YamlValue* merged : closed.merged) {
        const YamlMap& from = merged->entries;
        closed.value->entries.insert(closed.value->entries.end(), from.begin(), from.end());
      }
      if (!closed.merged.empty()) DropKnown(closed.value->entries);
    }
    return Add(*closed.value, closed.anchor);
  }

  bool TakeAlias(const std::string& name) {
    if (TakesKey()) return Refuse("a key must be a plain word");
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) {
      return Refuse("there is no anchor `&" + name + "` before this");
    }
    return Add(*found->second, "");
  }

  // Puts a value that is whole where it belongs.
  bool Add(YamlValue& value, const std::string& anchor) {
    if (!anchor.empty()) anchors_[anchor] = &value;
    if (open_.empty()) {
      root_ = &value;
      return true;
    }
    Open& into = open_.back();
    into.value->weight += value.weight;
    if (into.value->weight > kYamlValuesMax) {
      return Refuse("holds more than " + std::to_string(kYamlValuesMax) +
                    " values once its aliases are written out");
    }
    into.value->height = std::max<std::uint16_t>(into.value->height, value.height + 1);
    if (open_.size() + value.height > kYamlLevelsMax) return TooDeep();
    if (into.value->is_list()) {
      into.value->items.push_back(&value);
      return true;
    }
    if (into.is_merge) {
      if (!Merge(value, into)) return false;
    } else {
      into.value->entries.push_back({std::move(into.key), into.key_place, &value});
    }
    into.has_key = false;
    return true;
  }

  bool Merge(const YamlValue& value, Open& into) {
    if (value.is_map()) {
      into.merged.push_back(&value);
      return true;
    }
    if (value.is_list() && std::ranges::all_of(value.items, &YamlValue::is_map)) {
      into.merged.insert(into.merged.end(), value.items.begin(), value.items.end());
      return true;
    }
    return Refuse("`<<` takes a map, or a list of maps");
  }

  // Of a key that stands twice the last value counts, at the first one's place.
  void DropRepeated(YamlMap& entries) {
    absl::flat_hash_map<std::string, std::size_t> places;
    const bool small = entries.size() <= kSmallMap;
    const auto earlier = [&](std::size_t i) -> std::optional<std::size_t> {
      if (small) {
        for (std::size_t k = 0; k < i; ++k) {
          if (entries[k].value != nullptr && entries[k].key == entries[i].key) return k;
        }
        return std::nullopt;
      }
      const auto [place, first] = places.try_emplace(entries[i].key, i);
      return first ? std::nullopt : std::optional(place->second);
    };
    bool repeated = false;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::optional<std::size_t> before = earlier(i);
      if (!before) continue;
      repeated = true;
      report_.Warn(entries[i].key_place, Join(Path(), entries[i].key),
                   "stands twice; the last one counts");
      entries[*before].key_place = entries[i].key_place;
      entries[*before].value = std::exchange(entries[i].value, nullptr);
    }
    if (repeated)
      std::erase_if(entries, [](const YamlEntry& entry) { return entry.value == nullptr; });
  }

  // What is merged in gives way to what is there.
  static void DropKnown(YamlMap& entries) {
    absl::flat_hash_map<std::string, bool> known;
    std::erase_if(entries, [&](const YamlEntry& entry) {
      return !known.try_emplace(entry.key, true).second;
    });
  }

  bool CheckTag(const yaml_char_t* tag) {
    const std::string_view name = View(tag);
    if (name.empty() || name == "!") return true;
    if (name.starts_with(kTagPrefix) &&
        std::ranges::find(kTags, name.substr(kTagPrefix.size())) != kTags.end()) {
      return true;
    }
    return Refuse("the tag `" + std::string(name) + "` has no meaning here: leave it out");
  }

  // Whether what comes next is a key.
  bool TakesKey() const {
    return !open_.empty() && open_.back().value->is_map() && !open_.back().has_key;
  }

  // The path of what is being read.
  std::string Path() const {
    std::string path;
    for (const Open& open : open_) {
      if (open.value->is_list()) {
        path = Join(path, open.value->items.size());
      } else if (open.has_key) {
        path = Join(path, open.key);
      }
    }
    return path;
  }

  bool Refuse(std::string message) {
    report_.Error(reader_.place(), Path(), std::move(message));
    return false;
  }

  bool TooDeep() {
    return Refuse("is nested deeper than " + std::to_string(kYamlLevelsMax) + " levels");
  }

  EventReader reader_;
  YamlDocument& document_;
  YamlReport& report_;
  std::vector<Open> open_;
  absl::flat_hash_map<std::string, YamlValue*> anchors_;
  YamlValue* root_ = nullptr;
  int documents_ = 0;
  bool done_ = false;
};

}  // namespace

YamlValue* BuildTree(std::string_view text, YamlDocument& document, YamlReport& report) {
  return TreeBuilder(text, document, report).Build();
}

}  // namespace tasker::config

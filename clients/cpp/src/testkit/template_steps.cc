// The names of a template's steps, by libyaml. All else of a template is the service's business.
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <yaml.h>

#include "clients/cpp/src/text_file.h"
#include "tasker/testkit/made_step.h"

namespace tasker::testkit {
namespace {

std::string_view TextOf(const yaml_node_t& node) {
  if (node.type != YAML_SCALAR_NODE) return {};
  return {reinterpret_cast<const char*>(node.data.scalar.value), node.data.scalar.length};
}

// The value of `key` in a mapping; nullptr: it is not there.
const yaml_node_t* ValueOf(yaml_document_t& document, const yaml_node_t& node,
                           std::string_view key) {
  if (node.type != YAML_MAPPING_NODE) return nullptr;
  const auto& pairs = node.data.mapping.pairs;
  for (const yaml_node_pair_t* pair = pairs.start; pair < pairs.top; ++pair) {
    const yaml_node_t* const name = yaml_document_get_node(&document, pair->key);
    if (name != nullptr && TextOf(*name) == key) {
      return yaml_document_get_node(&document, pair->value);
    }
  }
  return nullptr;
}

std::vector<std::string> NamesIn(yaml_document_t& document, const std::string& path) {
  const yaml_node_t* const root = yaml_document_get_root_node(&document);
  const yaml_node_t* steps = nullptr;
  // Both spellings that the service takes.
  if (root != nullptr) steps = ValueOf(document, *root, "step_templates");
  if (root != nullptr && steps == nullptr) steps = ValueOf(document, *root, "steps");
  if (steps == nullptr || steps->type != YAML_SEQUENCE_NODE) {
    throw std::runtime_error(path + " has no list `step_templates`");
  }
  std::vector<std::string> names;
  const auto& items = steps->data.sequence.items;
  for (const yaml_node_item_t* item = items.start; item < items.top; ++item) {
    const yaml_node_t* const step = yaml_document_get_node(&document, *item);
    const yaml_node_t* const name = step != nullptr ? ValueOf(document, *step, "name") : nullptr;
    if (name != nullptr) names.emplace_back(TextOf(*name));
  }
  return names;
}

}  // namespace

std::vector<std::string> StepNamesOfTemplate(const std::string& path) {
  const std::string text = client::ReadTextFile(path);
  yaml_parser_t parser;
  if (yaml_parser_initialize(&parser) == 0) throw std::bad_alloc();
  const std::unique_ptr<yaml_parser_t, decltype(&yaml_parser_delete)> parser_owner(
      &parser, yaml_parser_delete);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
  yaml_document_t document;
  if (yaml_parser_load(&parser, &document) == 0) {
    throw std::runtime_error(path + " is not YAML: line " +
                             std::to_string(parser.problem_mark.line + 1) + ": " +
                             (parser.problem != nullptr ? parser.problem : "cannot be read"));
  }
  const std::unique_ptr<yaml_document_t, decltype(&yaml_document_delete)> document_owner(
      &document, yaml_document_delete);
  return NamesIn(document, path);
}

}  // namespace tasker::testkit

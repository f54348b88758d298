#include "tests/fuzz/store_input.h"

#include <algorithm>

#include "config/template_loader.h"
#include "tests/fuzz/require.h"

namespace tasker::fuzz {
namespace {

constexpr const char* kTemplates[] = {
    R"(name: chain
step_templates:
  - {name: a, handler_class: H}
  - {name: b, handler_class: H, depends_on_step: a, timeouts: {start_to_close: 60s, schedule_to_start: 60s}}
  - {name: c, handler_class: H, depends_on_step: b, sticky: true}
)",
    R"(name: branches
concurrent: false
step_templates:
  - {name: decide, handler_class: H, type: decision}
  - {name: fast, handler_class: H, depends_on_step: decide}
  - {name: slow, handler_class: H, depends_on_step: decide, when: context.amount > 100}
  - {name: join, handler_class: H, depends_on_steps: [fast, slow]}
)",
    R"(name: fan
deadline: 2h
step_templates:
  - {name: each, handler_class: H, default_retry_limit: 2, for_each: {items: context.items, concurrency: 2}}
  - {name: parts, for_each: {items: context.items, concurrency: 1}, sub_task: {name: other, context: item}}
  - {name: after, handler_class: H, depends_on_steps: [each, parts]}
)",
    R"(name: waits
step_templates:
  - {name: nap, wait: 1h}
  - {name: until, wait_until: context.at}
  - {name: signal, wait_for_signal: go, timeout: 1h, depends_on_step: nap}
  - {name: below, sub_task: {name: other, context: context}, default_retryable: true}
)",
    R"(name: saga
step_templates:
  - {name: charge, handler_class: H, skippable: true}
  - {name: reserve, handler_class: H, depends_on_step: charge}
  - {name: ship, handler_class: H, depends_on_step: reserve, default_retry_limit: 1}
  - {name: refund, handler_class: H, compensates: charge}
  - {name: release, handler_class: H, compensates: reserve}
  - {name: alert, handler_class: H, on_failure: true}
)"};

}  // namespace

std::vector<Piece> PiecesOf(std::string_view input) {
  std::vector<Piece> pieces;
  while (input.size() >= 3) {
    const auto kind = static_cast<std::uint8_t>(input[0]);
    const std::size_t length =
        static_cast<std::uint8_t>(input[1]) + 256u * static_cast<std::uint8_t>(input[2]);
    input.remove_prefix(3);
    const std::string_view bytes = input.substr(0, length);
    input.remove_prefix(bytes.size());
    if (kind < static_cast<std::uint8_t>(PieceKind::kEnd)) {
      pieces.push_back({static_cast<PieceKind>(kind), bytes});
    }
  }
  return pieces;
}

void Add(PieceKind kind, std::string_view bytes, std::string& input) {
  Require(bytes.size() < 0x10000);
  input += static_cast<char>(kind);
  input += static_cast<char>(bytes.size() % 256);
  input += static_cast<char>(bytes.size() / 256);
  input += bytes;
}

engine::TaskId TheTask() { return *engine::TaskId::FromBytes("the task's 16 by"); }

const std::vector<engine::TaskTemplatePtr>& Templates() {
  static const auto* const templates = [] {
    auto* made = new std::vector<engine::TaskTemplatePtr>;
    for (const char* text : kTemplates) {
      const std::string yaml = std::string("task_handler_class: T\n") + text;
      made->push_back(config::LoadTemplate(yaml, {}).compiled);
      Require(made->back() != nullptr);
    }
    return made;
  }();
  return *templates;
}

}  // namespace tasker::fuzz

// Fills `{{context.order.id}}` and the like into a step's settings.
#pragma once

#include <string>
#include <string_view>

#include "tasker/client/json.h"
#include "tasker/client/sequence.h"
#include "tasker/client/step.h"
#include "tasker/client/task.h"

namespace tasker::http_handler {

// What placeholders stand for:
//
//   context...                   the task's context
//   steps.NAME.results...        results of an earlier step; steps.NAME.state
//   item...                      in an item of a `for_each` step: the element
//   task.id .name .namespace .version
//   step.id .name .attempt_number .item_index
//
// Belongs to the step's thread; what it is made of must outlive it.
class Values {
 public:
  Values(const client::Task& task, const client::Sequence& sequence, const client::Step& step)
      : task_(task), sequence_(sequence), step_(step) {}

  // The value at `path`. Throws client::PermanentError that says what is not there, and what
  // Sequence::find_step_by_name throws.
  client::Json Get(std::string_view path) const;

 private:
  const client::Task& task_;
  const client::Sequence& sequence_;
  const client::Step& step_;
};

// How a value is written where it is filled in.
enum class Encoding {
  // As it is: a header, a plain body.
  kPlain,
  // As a part of a URL or form: all but letters, digits and `-._~` as %XX. Not for objects, lists
  // and
  // null, which stand for a mistake there.
  kUrl,
  // Within a JSON text: text escaped, without quotes around it; all else as JSON.
  kJson,
};

// `text` with all placeholders filled in. Throws client::PermanentError, also for one that does not
// end.
std::string Fill(const std::string& text, const Values& values, Encoding encoding);

// `json` with the placeholders in its texts filled in. A text that is one placeholder and nothing
// else becomes the value itself, a number or an object too. Keys stay as they are.
client::Json Fill(const client::Json& json, const Values& values);

}  // namespace tasker::http_handler

#include "clients/cli/json_output.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"

#include "clients/cli/terminal_text.h"
#include "clients/cli/utf8.h"

namespace tasker::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Json = nlohmann::ordered_json;

// The one field of bytes that holds text by contract, and must not turn into JSON just because the
// YAML in it happens to be JSON too.
constexpr std::string_view kTextField = "tasker.v1.GetTemplateResponse.source";

std::string Quoted(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string PayloadJson(const FieldDescriptor& field, const std::string& payload) {
  if (field.full_name() == kTextField) return Quoted(payload);
  if (payload.empty()) return "null";
  // Spliced in as it stands: a parser in between would lose digits of large numbers.
  return Json::accept(payload) ? payload : Quoted(payload);
}

void WriteMessage(const Json& json, const Message& message, std::string& out);

void WriteRepeated(const Json& json, const Message& message, const FieldDescriptor& field,
                   std::string& out) {
  out += '[';
  for (int i = 0; i < static_cast<int>(json.size()); ++i) {
    if (i > 0) out += ',';
    const Json& element = json[static_cast<std::size_t>(i)];
    if (field.type() == FieldDescriptor::TYPE_BYTES) {
      out += PayloadJson(field, message.GetReflection()->GetRepeatedString(message, &field, i));
    } else if (element.is_object()) {
      WriteMessage(element, message.GetReflection()->GetRepeatedMessage(message, &field, i), out);
    } else {
      out += element.dump();
    }
  }
  out += ']';
}

void WriteField(const Json& json, const Message& message, const FieldDescriptor* field,
                std::string& out) {
  const auto& reflection = *message.GetReflection();
  const bool plain = field == nullptr || field->is_map();
  if (!plain && field->is_repeated()) {
    WriteRepeated(json, message, *field, out);
  } else if (!plain && field->type() == FieldDescriptor::TYPE_BYTES) {
    out += PayloadJson(*field, reflection.GetString(message, field));
  } else if (!plain && json.is_object()) {
    WriteMessage(json, reflection.GetMessage(message, field), out);
  } else {
    out += json.dump();
  }
}

// Writes `json`, which protobuf made of `message`, with the message's bytes in their places.
void WriteMessage(const Json& json, const Message& message, std::string& out) {
  out += '{';
  for (bool first = true; const auto& [name, value] : json.items()) {
    if (!first) out += ',';
    first = false;
    out += Quoted(name) + ':';
    WriteField(value, message, message.GetDescriptor()->FindFieldByCamelcaseName(name), out);
  }
  out += '}';
}

// Lays out valid JSON without taking it apart: what stands between blanks is copied.
class Layouter {
 public:
  explicit Layouter(JsonLayout layout) : indented_(layout == JsonLayout::kDocument) {}

  std::string Run(std::string_view json) {
    for (std::size_t position = 0; position < json.size();) {
      if (json[position] == '"') {
        CopyString(json, position);
      } else {
        Structure(json[position++]);
      }
    }
    return std::move(out_);
  }

 private:
  void CopyString(std::string_view json, std::size_t& position) {
    BeforeValue();
    std::size_t start = position;
    do {
      // An escaped character is copied with its backslash, so that `\"` does not end the string.
      if (json[position] == '\\') ++position;
      const std::size_t character = position;
      const auto code_point = DecodeUtf8(json, position);
      if (code_point && IsControl(*code_point)) {
        out_ += json.substr(start, character - start);
        out_ += absl::StrFormat("\\u%04x", static_cast<std::uint32_t>(*code_point));
        start = position;
      }
    } while (json[position] != '"');
    ++position;
    out_ += json.substr(start, position - start);
  }

  void Structure(char c) {
    switch (c) {
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        return;
      case '{':
      case '[':
        BeforeValue();
        out_ += c;
        ++depth_;
        just_opened_ = true;
        return;
      case '}':
      case ']':
        --depth_;
        if (!just_opened_) NewLine();
        just_opened_ = false;
        out_ += c;
        return;
      case ',':
        out_ += c;
        NewLine();
        return;
      case ':':
        out_ += indented_ ? ": " : ":";
        return;
      default:
        BeforeValue();
        out_ += c;
    }
  }

  void BeforeValue() {
    if (just_opened_) NewLine();
    just_opened_ = false;
  }

  void NewLine() {
    // Very deep values are not indented further: the blanks alone would be quadratic.
    constexpr std::size_t kDepthMax = 40;
    if (indented_) out_.append(1, '\n').append(2 * std::min(depth_, kDepthMax), ' ');
  }

  bool indented_;
  bool just_opened_ = false;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

absl::StatusOr<std::string> ToJson(const Message& message, JsonLayout layout) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string mapped;
  const auto status = google::protobuf::util::MessageToJsonString(message, &mapped, options);
  if (!status.ok()) return absl::InternalError(status.ToString());
  const Json json = Json::parse(mapped, nullptr, false);
  if (json.is_discarded()) return absl::InternalError("protobuf wrote JSON that is none");
  std::string out;
  WriteMessage(json, message, out);
  return LayOutJson(out, layout);
}

std::string LayOutJson(std::string_view json, JsonLayout layout) {
  return Layouter(layout).Run(json);
}

std::string PayloadText(std::string_view payload) {
  return Json::accept(payload) ? LayOutJson(payload, JsonLayout::kLine) : EscapeControls(payload);
}

}  // namespace tasker::cli

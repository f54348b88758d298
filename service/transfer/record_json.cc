#include "service/transfer/record_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>

#include "config/yaml/yaml_document.h"

namespace tasker::service {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::ordered_json;

// Fields of bytes that hold JSON or YAML; the others are ids.
constexpr std::array<std::string_view, 4> kTextFields = {"results", "checkpoint", "payload",
                                                         "source"};

Json TextToJson(const FieldDescriptor& field, const std::string& bytes) {
  const bool is_text = field.type() == FieldDescriptor::TYPE_STRING ||
                       std::ranges::find(kTextFields, field.name()) != kTextFields.end();
  if (is_text && config::IsUtf8(bytes)) return bytes;
  return {{"hex", absl::BytesToHexString(bytes)}};
}

Json ValueToJson(const Message& record, const FieldDescriptor& field, int index) {
  const Reflection& fields = *record.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return repeated ? fields.GetRepeatedBool(record, &field, index)
                      : fields.GetBool(record, &field);
    case FieldDescriptor::CPPTYPE_INT32:
      return repeated ? fields.GetRepeatedInt32(record, &field, index)
                      : fields.GetInt32(record, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return repeated ? fields.GetRepeatedInt64(record, &field, index)
                      : fields.GetInt64(record, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return repeated ? fields.GetRepeatedUInt32(record, &field, index)
                      : fields.GetUInt32(record, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return repeated ? fields.GetRepeatedUInt64(record, &field, index)
                      : fields.GetUInt64(record, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return repeated ? fields.GetRepeatedDouble(record, &field, index)
                      : fields.GetDouble(record, &field);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return repeated ? fields.GetRepeatedFloat(record, &field, index)
                      : fields.GetFloat(record, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return repeated ? fields.GetRepeatedEnum(record, &field, index)->name()
                      : fields.GetEnum(record, &field)->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return TextToJson(field, repeated ? fields.GetRepeatedString(record, &field, index)
                                        : fields.GetString(record, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ToJson(repeated ? fields.GetRepeatedMessage(record, &field, index)
                             : fields.GetMessage(record, &field));
  }
  return nullptr;
}

absl::Status Wrong(const std::string& path, const char* expected) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": must be ", expected));
}

template <typename Number>
bool Fits(const Json& json) {
  if (json.is_number_unsigned()) {
    return json.get<std::uint64_t>() <=
           static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
  }
  return json.is_number_integer() && std::numeric_limits<Number>::is_signed &&
         json.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<Number>::min());
}

// Sets or adds one number of the C++ type that goes with the field.
template <typename Number>
absl::Status SetNumber(const Json& json, const std::string& path, Message& record,
                       const FieldDescriptor& field,
                       void (Reflection::*set)(Message*, const FieldDescriptor*, Number) const,
                       void (Reflection::*add)(Message*, const FieldDescriptor*, Number) const) {
  if (!Fits<Number>(json)) return Wrong(path, "a whole number that fits");
  (record.GetReflection()->*(field.is_repeated() ? add : set))(&record, &field, json.get<Number>());
  return absl::OkStatus();
}

absl::Status SetText(const Json& json, const std::string& path, Message& record,
                     const FieldDescriptor& field) {
  std::string text;
  if (json.is_string()) {
    text = json.get<std::string>();
  } else if (json.is_object() && json.size() == 1 && json.contains("hex") &&
             json["hex"].is_string() && field.type() == FieldDescriptor::TYPE_BYTES) {
    const std::string hex = json["hex"].get<std::string>();
    if (hex.size() % 2 != 0 || hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
      return Wrong(path, "bytes in lower-case hexadecimal digits");
    }
    text = absl::HexStringToBytes(hex);
  } else {
    return Wrong(path, "a text");
  }
  const Reflection& fields = *record.GetReflection();
  if (field.is_repeated()) {
    fields.AddString(&record, &field, std::move(text));
  } else {
    fields.SetString(&record, &field, std::move(text));
  }
  return absl::OkStatus();
}

absl::Status SetValue(const Json& json, const std::string& path, Message& record,
                      const FieldDescriptor& field) {
  const Reflection& fields = *record.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!json.is_boolean() || field.is_repeated()) return Wrong(path, "true or false");
      fields.SetBool(&record, &field, json.get<bool>());
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT32:
      return SetNumber<std::int32_t>(json, path, record, field, &Reflection::SetInt32,
                                     &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return SetNumber<std::int64_t>(json, path, record, field, &Reflection::SetInt64,
                                     &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return SetNumber<std::uint32_t>(json, path, record, field, &Reflection::SetUInt32,
                                      &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return SetNumber<std::uint64_t>(json, path, record, field, &Reflection::SetUInt64,
                                      &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value =
          json.is_string() ? field.enum_type()->FindValueByName(json.get<std::string>()) : nullptr;
      if (value == nullptr || field.is_repeated()) return Wrong(path, "one of the enum's names");
      fields.SetEnum(&record, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return SetText(json, path, record, field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FromJson(json, path,
                      field.is_repeated() ? *fields.AddMessage(&record, &field)
                                          : *fields.MutableMessage(&record, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (!json.is_number() || field.is_repeated()) return Wrong(path, "a number");
      fields.SetDouble(&record, &field, json.get<double>());
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_FLOAT:
      break;
  }
  return Wrong(path, "something else");
}

}  // namespace

Json ToJson(const Message& record) {
  Json json = Json::object();
  std::vector<const FieldDescriptor*> set;
  record.GetReflection()->ListFields(record, &set);
  for (const FieldDescriptor* field : set) {
    Json& value = json[field->name()];
    if (!field->is_repeated()) {
      value = ValueToJson(record, *field, 0);
      continue;
    }
    value = Json::array();
    const int size = record.GetReflection()->FieldSize(record, field);
    for (int i = 0; i < size; ++i) value.push_back(ValueToJson(record, *field, i));
  }
  return json;
}

absl::Status FromJson(const Json& json, std::string_view path, Message& record) {
  const std::string at(path);
  if (!json.is_object()) return Wrong(at, "an object");
  for (const auto& [key, value] : json.items()) {
    const std::string inner = absl::StrCat(at, ".", key);
    const FieldDescriptor* const field = record.GetDescriptor()->FindFieldByName(key);
    if (field == nullptr) return absl::InvalidArgumentError(inner + ": is not known here");
    if (!field->is_repeated()) {
      if (absl::Status set = SetValue(value, inner, record, *field); !set.ok()) return set;
      continue;
    }
    if (!value.is_array()) return Wrong(inner, "a list");
    for (std::size_t i = 0; i < value.size(); ++i) {
      absl::Status set = SetValue(value[i], absl::StrCat(inner, "[", i, "]"), record, *field);
      if (!set.ok()) return set;
    }
  }
  return absl::OkStatus();
}

}  // namespace tasker::service

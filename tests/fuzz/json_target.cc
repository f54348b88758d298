// Lines of an export.
#include <nlohmann/json.hpp>

#include "service/transfer/record_json.h"
#include "tasker/storage/v1/records.pb.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/targets.h"

namespace tasker::fuzz {
namespace {

template <typename Record>
void Read(const nlohmann::ordered_json& json) {
  Record record;
  if (!service::FromJson(json, "line", record).ok()) return;
  Record again;
  Require(service::FromJson(service::ToJson(record), "line", again).ok());
  Require(again.SerializeAsString() == record.SerializeAsString());
}

}  // namespace

void FuzzJson(std::string_view bytes) {
  const auto json = nlohmann::ordered_json::parse(bytes, nullptr, false);
  if (json.is_discarded()) return;
  Read<storage::v1::TaskRecord>(json);
  Read<storage::v1::StepRecord>(json);
  Read<storage::v1::HistoryRecord>(json);
  Read<storage::v1::EventRecord>(json);
  Read<storage::v1::TemplateRecord>(json);
}

}  // namespace tasker::fuzz

// What is paused beside single tasks: templates, namespaces and handler classes.
#pragma once

#include <compare>
#include <string>

#include "absl/container/btree_map.h"

#include "engine/model/time.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::engine {

// Names what is paused: a handler class; or a template, with its namespace; or a namespace.
// Exactly what belongs to the kind is set.
struct PauseKey {
  std::string namespace_name;
  std::string template_name;
  std::string handler_class;

  auto operator<=>(const PauseKey&) const = default;

  // As in `template ns.name`, for people.
  std::string ToString() const;
};

// By whom something was paused or cancelled, why and since when.
struct OperatorAct {
  std::string actor;
  std::string reason;
  Timestamp at;
};

// To and from what is stored. Any record can be decoded.
storage::v1::OperatorRecord Encode(const OperatorAct& act);
OperatorAct Decode(const storage::v1::OperatorRecord& record);

// Everything of a partition that is paused, tasks apart.
using Pauses = absl::btree_map<PauseKey, OperatorAct>;

// Likewise.
storage::v1::PausesRecord Encode(const Pauses& pauses);
Pauses Decode(const storage::v1::PausesRecord& record);

}  // namespace tasker::engine

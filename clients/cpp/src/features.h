// What of the protocol holds on a stream, and what becomes of a result that uses more.
#pragma once

#include <cstdint>

#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

// The features that the service named in `registered`.
//
// A value; not synchronised.
class Features {
 public:
  Features() = default;
  explicit Features(const v1::Registered& registered);

  bool Has(v1::ProtocolFeature feature) const { return ((bits_ >> feature) & 1u) != 0; }
  // Whether the service names none, as one of the protocol's first version does.
  bool none() const { return bits_ == 0; }

 private:
  std::uint64_t bits_ = 0;
};

// Names all that this library knows.
void NameAll(v1::Register& registration);

// Takes out of `result` what the service does not know: a deferral becomes a failure for good,
// since nobody could end the step; a business error an ordinary one; events are left out. Gives
// whether events were.
bool Reduce(const Features& features, v1::StepResult& result);

}  // namespace tasker::client

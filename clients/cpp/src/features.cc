#include "clients/cpp/src/features.h"

#include "clients/cpp/src/failure.h"

namespace tasker::client {

Features::Features(const v1::Registered& registered) {
  for (const int feature : registered.features()) {
    // Those of a later version are of no use here.
    if (v1::ProtocolFeature_IsValid(feature) && feature != 0) bits_ |= std::uint64_t{1} << feature;
  }
}

void NameAll(v1::Register& registration) {
  for (int feature = v1::ProtocolFeature_MIN; feature <= v1::ProtocolFeature_MAX; ++feature) {
    if (feature != 0 && v1::ProtocolFeature_IsValid(feature)) {
      registration.add_features(static_cast<v1::ProtocolFeature>(feature));
    }
  }
}

bool Reduce(const Features& features, v1::StepResult& result) {
  if (result.has_deferred() && !features.Has(v1::PROTOCOL_FEATURE_DEFERRED_COMPLETION)) {
    *result.mutable_failure() = UnsupportedFailure(
        "the handler deferred the step, but the service knows no deferred completion: it is older "
        "than this library");
  }
  if (result.has_failure() && !features.Has(v1::PROTOCOL_FEATURE_BUSINESS_ERRORS)) {
    result.mutable_failure()->clear_business();
    result.mutable_failure()->clear_details();
  }
  if (result.events().empty() || features.Has(v1::PROTOCOL_FEATURE_CUSTOM_EVENTS)) return false;
  result.clear_events();
  return true;
}

}  // namespace tasker::client

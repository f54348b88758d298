#include "clients/cpp/src/json_text.h"

#include <cmath>

namespace tasker::client {
namespace {

void Check(const Json& value, int depth) {
  switch (value.type()) {
    case Json::value_t::number_float:
      if (!std::isfinite(value.get_ref<const Json::number_float_t&>())) {
        throw NotJsonError("it has a number that is not finite (NaN or infinity)");
      }
      break;
    case Json::value_t::object:
    case Json::value_t::array:
      if (depth == 0) {
        throw NotJsonError("it is nested more than " + std::to_string(kJsonDepthMax) + " deep");
      }
      for (const Json& element : value) Check(element, depth - 1);
      break;
    case Json::value_t::discarded:
    case Json::value_t::binary:
      throw NotJsonError(std::string("it has a value that is ") + value.type_name());
    default:
      break;
  }
}

}  // namespace

std::string PrintJson(const Json& value) {
  Check(value, kJsonDepthMax);
  try {
    return value.dump();
  } catch (const Json::exception& error) {
    throw NotJsonError(error.what());
  }
}

}  // namespace tasker::client

// Turns what a handler threw into what the service stores.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <typeinfo>

#include "tasker/v1/task.pb.h"

namespace tasker::client {

// Longer messages of exceptions are cut to about this many bytes: they are for people.
inline constexpr std::size_t kFailureMessageBytesMax = 16u << 10;

// What a handler gave back cannot be stored. Reported as `Tasker::InvalidResults`.
class InvalidResultsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The failure that stands for the exception being handled. `frame`: where it left the user's code,
// the outermost line of its backtrace. C++ keeps no stack with an exception, so that and what the
// exceptions themselves know (where ours were made, what they are nested in) is all there is.
// Precondition: called in a catch block.
v1::Failure FailureOfCurrentException(const std::string& frame = {});

// A class's name as people write it.
std::string Demangled(const std::type_info& type);

// The failure of an attempt that was cancelled before its handler was called.
v1::Failure CancelledFailure(const std::string& reason);

// Permanent: the service cannot take what the handler asked for.
v1::Failure UnsupportedFailure(const std::string& what);

// Permanent: the results of `size` bytes are over the service's limit.
v1::Failure OversizedResultsFailure(std::size_t size, std::size_t limit);

}  // namespace tasker::client

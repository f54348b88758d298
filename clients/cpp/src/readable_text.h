// Text for people that protobuf takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tasker::client {

// Protobuf refuses a whole message for one string that is not UTF-8, and a result that cannot be
// read would be sent for ever: bytes that are wrong become U+FFFD. What is over about `bytes_max`
// is cut off, and said to be.
std::string ReadableText(std::string_view text, std::size_t bytes_max);

}  // namespace tasker::client

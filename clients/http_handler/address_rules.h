// Which addresses requests may go to.
//
// Templates, and the contexts that fill them, decide where requests go: without rules, whoever may
// create a task could ask for what only this machine may see (server-side request forgery).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace tasker::http_handler {

// An address of either kind: IPv4 in its form within IPv6 (::ffff:0:0/96), so that the two
// spellings of one address are one.
using Address = std::array<std::uint8_t, 16>;

// nullopt: neither IPv4 nor IPv6.
std::optional<Address> AddressOf(const sockaddr& address);
std::optional<Address> AddressOf(const std::string& text);
std::string TextOf(const Address& address);

// A network: an address and how many of its bits count.
struct Network {
  Address address{};
  unsigned bits = 0;

  bool Contains(const Address& other) const;
};

// `10.0.0.0/8`, `fd00::/8`, or one address. nullopt: it is none.
std::optional<Network> NetworkOf(const std::string& text);

// The rules, in the order in which they count: what is denied by hand, what is allowed by hand,
// then the defaults: loopback, link-local (cloud metadata among it), other metadata addresses,
// unspecified, multicast and reserved ones are denied, private ones if asked for, all else is
// allowed. An IPv6 address that carries an IPv4 one (6to4, NAT64, Teredo, IPv4-compatible) is
// denied if either is.
//
// Immutable once set up, hence thread-safe then.
class AddressRules {
 public:
  void Allow(Network network) { allowed_.push_back(network); }
  void Deny(Network network) { denied_.push_back(network); }
  void DenyPrivate() { deny_private_ = true; }

  // Why no connection may be made to it; nullopt: it may.
  std::optional<std::string> WhyDenied(const sockaddr& address) const;
  std::optional<std::string> WhyDenied(const Address& address) const;

 private:
  std::optional<std::string> WhyThisDenied(const Address& address) const;

  std::vector<Network> allowed_;
  std::vector<Network> denied_;
  bool deny_private_ = false;
};

}  // namespace tasker::http_handler

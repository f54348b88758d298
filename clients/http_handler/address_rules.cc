#include "clients/http_handler/address_rules.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace tasker::http_handler {
namespace {

constexpr unsigned kMappedBits = 96;

Address Mapped(const std::uint8_t* ipv4) {
  Address address{};
  address[10] = address[11] = 0xff;
  std::memcpy(&address[12], ipv4, 4);
  return address;
}

bool IsMapped(const Address& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](auto b) { return b == 0; }) &&
         address[10] == 0xff && address[11] == 0xff;
}

struct Range {
  const char* network;
  const char* what;
};

// Sources: RFC 6890 and its registries of special-purpose addresses; the clouds' manuals.
constexpr Range kDenied[] = {
    {"127.0.0.0/8", "loopback"},
    {"::1/128", "loopback"},
    {"169.254.0.0/16", "link-local, where clouds keep their metadata"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"fd00:ec2::/32", "the metadata of AWS"},
    {"fd20:ce::/32", "the metadata of Google Cloud"},
    {"100.100.100.200/32", "the metadata of Alibaba Cloud"},
    {"168.63.129.16/32", "the platform of Azure"},
    {"192.0.0.0/24", "reserved, the metadata of Oracle Cloud among it"},
    {"0.0.0.0/8", "unspecified"},
    {"::/128", "unspecified"},
    {"224.0.0.0/4", "multicast"},
    {"ff00::/8", "multicast"},
    {"240.0.0.0/4", "reserved, or broadcast"},
};
constexpr Range kPrivate[] = {
    {"10.0.0.0/8", "private"},   {"172.16.0.0/12", "private"}, {"192.168.0.0/16", "private"},
    {"100.64.0.0/10", "shared"}, {"fc00::/7", "private"},
};

template <std::size_t kCount>
const char* Find(const Range (&ranges)[kCount], const Address& address) {
  for (const Range& range : ranges) {
    if (NetworkOf(range.network)->Contains(address)) return range.what;
  }
  return nullptr;
}

// The IPv4 addresses that an IPv6 one may lead to.
std::vector<Address> Carried(const Address& address) {
  static const Network kCompatible = *NetworkOf("::/96");
  static const Network kNat64 = *NetworkOf("64:ff9b::/96");
  static const Network kNat64Local = *NetworkOf("64:ff9b:1::/48");
  static const Network k6to4 = *NetworkOf("2002::/16");
  static const Network kTeredo = *NetworkOf("2001::/32");
  std::vector<Address> carried;
  if (kCompatible.Contains(address) || kNat64.Contains(address) || kNat64Local.Contains(address)) {
    carried.push_back(Mapped(&address[12]));
  }
  if (k6to4.Contains(address)) carried.push_back(Mapped(&address[2]));
  if (kTeredo.Contains(address)) {
    std::uint8_t client[4];
    for (int i = 0; i < 4; ++i) client[i] = static_cast<std::uint8_t>(~address[12 + i]);
    carried.push_back(Mapped(client));
  }
  return carried;
}

bool IsIn(const std::vector<Network>& networks, const Address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.Contains(address); });
}

}  // namespace

std::optional<Address> AddressOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, &address, sizeof ipv4);
    return Mapped(reinterpret_cast<const std::uint8_t*>(&ipv4.sin_addr));
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 ipv6;
  std::memcpy(&ipv6, &address, sizeof ipv6);
  Address bytes;
  std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
  return bytes;
}

std::optional<Address> AddressOf(const std::string& text) {
  std::uint8_t ipv4[4];
  if (inet_pton(AF_INET, text.c_str(), ipv4) == 1) return Mapped(ipv4);
  Address address;
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

std::string TextOf(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (IsMapped(address)) {
    inet_ntop(AF_INET, &address[12], text, sizeof text);
  } else {
    inet_ntop(AF_INET6, address.data(), text, sizeof text);
  }
  return text;
}

bool Network::Contains(const Address& other) const {
  const unsigned whole = bits / 8;
  if (!std::equal(address.begin(), address.begin() + whole, other.begin())) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - bits % 8));
  return ((address[whole] ^ other[whole]) & mask) == 0;
}

std::optional<Network> NetworkOf(const std::string& text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::optional<Address> address = AddressOf(text.substr(0, slash));
  if (!address) return std::nullopt;
  const bool is_ipv4 = text.find(':') == std::string::npos;
  const unsigned bits_max = is_ipv4 ? 32 : 128;
  unsigned bits = bits_max;
  if (slash < text.size()) {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, bits);
    if (error != std::errc() || rest != end || bits > bits_max) return std::nullopt;
  }
  return Network{*address, is_ipv4 ? kMappedBits + bits : bits};
}

std::optional<std::string> AddressRules::WhyDenied(const sockaddr& address) const {
  const std::optional<Address> known = AddressOf(address);
  if (!known) return "its address is neither IPv4 nor IPv6";
  return WhyDenied(*known);
}

std::optional<std::string> AddressRules::WhyDenied(const Address& address) const {
  if (std::optional<std::string> why = WhyThisDenied(address)) return why;
  if (IsIn(allowed_, address)) return std::nullopt;
  for (const Address& carried : Carried(address)) {
    if (std::optional<std::string> why = WhyThisDenied(carried)) {
      return TextOf(address) + " leads to " + *why;
    }
  }
  return std::nullopt;
}

std::optional<std::string> AddressRules::WhyThisDenied(const Address& address) const {
  if (IsIn(denied_, address)) return TextOf(address) + ", which is denied by --deny-address";
  if (IsIn(allowed_, address)) return std::nullopt;
  const char* what = Find(kDenied, address);
  if (what == nullptr && deny_private_) what = Find(kPrivate, address);
  if (what == nullptr) return std::nullopt;
  return TextOf(address) + ", which is denied: " + what;
}

}  // namespace tasker::http_handler

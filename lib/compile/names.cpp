// SPDX-License-Identifier: MIT
#include "compile/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/slots.hpp"
#include "base/stable_hash.hpp"

namespace egress::compile {
namespace {

// What follows the prefix in names that go on with a name of the lab.
constexpr std::string_view kApp = "app";
constexpr std::string_view kWorker = "worker";
constexpr std::string_view kVnet = "vnet";
constexpr std::string_view kHost = "host";
constexpr std::string_view kService = "service";
constexpr std::string_view kFront = "front";
constexpr std::string_view kNat = "nat";
constexpr std::string_view kGateway = "gateway";
constexpr std::string_view kOnPremises = "onprem";
constexpr std::array kNamedKinds = {kApp,   kWorker, kVnet,    kHost,      kService,
                                    kFront, kNat,    kGateway, kOnPremises};

constexpr const char* kNext = "-next";

uint64_t hash_of(std::string_view text) {
  return folded(fnv1a(text));
}

std::string base36(uint64_t number, size_t letters) {
  static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string text;
  for (size_t i = 0; i < letters; ++i, number /= kDigits.size()) {
    text += kDigits[number % kDigits.size()];
  }
  return text;
}

}  // namespace

std::string app_netns(const std::string& prefix, const std::string& site, int instance,
                      bool is_next) {
  return fmt::format("{}-{}-{}-{}{}", prefix, kApp, site, instance, is_next ? kNext : "");
}

std::string lane_netns(const std::string& prefix, const lab::Sender& sender, bool public_attempt,
                       bool is_next) {
  const std::string app = app_netns(prefix, sender.site, sender.instance, is_next);
  if (sender.traffic == lab::TrafficClass::kApplication) return app;
  return fmt::format("{}-{}{}", app, name_of(sender.traffic), public_attempt ? "-public" : "");
}

std::string worker_netns(const std::string& prefix, const std::string& server_farm, int instance,
                         bool is_next) {
  return fmt::format("{}-{}-{}-{}{}", prefix, kWorker, server_farm, instance, is_next ? kNext : "");
}

std::string vnet_netns(const std::string& prefix, const std::string& vnet) {
  return fmt::format("{}-{}-{}", prefix, kVnet, vnet);
}

std::string host_netns(const std::string& prefix, const std::string& host) {
  return fmt::format("{}-{}-{}", prefix, kHost, host);
}

std::string service_netns(const std::string& prefix, const std::string& service) {
  return fmt::format("{}-{}-{}", prefix, kService, service);
}

std::string nat_netns(const std::string& prefix, const std::string& gateway) {
  return fmt::format("{}-{}-{}", prefix, kNat, gateway);
}

std::string gateway_netns(const std::string& prefix, const std::string& gateway) {
  return fmt::format("{}-{}-{}", prefix, kGateway, gateway);
}

std::string on_premises_netns(const std::string& prefix, const std::string& network) {
  return fmt::format("{}-{}-{}", prefix, kOnPremises, network);
}

std::string front_netns(const std::string& prefix, const std::string& site) {
  return fmt::format("{}-{}-{}", prefix, kFront, site);
}

std::string stamp_netns(const std::string& prefix) {
  return prefix + "-stamp";
}

std::string internet_netns(const std::string& prefix) {
  return prefix + "-internet";
}

bool share_names(const std::string& prefix, const std::string& other) {
  const auto goes_on_like_a_name = [](const std::string& longer, const std::string& shorter) {
    return std::any_of(kNamedKinds.begin(), kNamedKinds.end(), [&](std::string_view kind) {
      return (longer + "-").starts_with(fmt::format("{}-{}-", shorter, kind));
    });
  };
  return prefix == other || goes_on_like_a_name(prefix, other) ||
         goes_on_like_a_name(other, prefix);
}

std::map<std::string, std::string> assign_link_names(const std::set<std::string>& texts) {
  constexpr size_t kLongest = 15;
  constexpr size_t kHashLetters = 5;
  constexpr uint64_t kHashes = 60466176;  // 36 to the fifth
  std::map<std::string, std::string> names;
  std::set<std::string> taken;
  for (const std::string& text : texts) {
    if (text.size() > kLongest) continue;
    names[text] = text;
    taken.insert(text);
  }
  for (const std::string& text : texts) {
    if (text.size() <= kLongest) continue;
    const std::string head = text.substr(0, kLongest - kHashLetters);
    uint64_t hash = hash_of(text) % kHashes;
    while (!taken.insert(head + base36(hash, kHashLetters)).second) hash = (hash + 1) % kHashes;
    names[text] = head + base36(hash, kHashLetters);
  }
  return names;
}

std::string app_vnet_link(const std::string& site, const std::string& instance, int generation) {
  return "vnet0" + base36(hash_of(fmt::format("{}/{}/{}", site, instance, generation)), 8);
}

std::map<std::string, state::MacAddress> assign_macs(const std::set<std::string>& interfaces) {
  constexpr uint64_t kMacs = uint64_t{1} << 40U;
  std::map<std::string, state::MacAddress> macs;
  for (auto [interface, number] : probed(interfaces, kMacs)) {
    state::MacAddress mac{{0x02}};
    for (size_t i = 1; i < mac.octets.size(); ++i, number >>= 8U) {
      mac.octets[i] = static_cast<uint8_t>(number);
    }
    macs.emplace_hint(macs.end(), interface, mac);
  }
  return macs;
}

std::string gate_chain(lab::Direction direction, const std::string& subnet) {
  return (direction == lab::Direction::kOutbound ? "out/" : "in/") + subnet;
}

std::string endpoints_chain(const std::string& subnet) {
  return gate_chain(lab::Direction::kInbound, subnet) + "/endpoints";
}

std::string platform_chain(const std::string& subnet) {
  return "platform/" + subnet;
}

std::string interface_chain(lab::Direction direction, const std::string& host) {
  return (direction == lab::Direction::kOutbound ? "out_nic/" : "in_nic/") + host;
}

std::string interface_platform_chain(const std::string& host) {
  return "platform_nic/" + host;
}

std::string chain_before(const std::string& gate) {
  return "was/" + gate;
}

std::string rule_chain(const std::string& gate, lab::Access access, const std::string& rule) {
  return fmt::format("{}/{}/{}", gate, access == lab::Access::kAllow ? "allow" : "deny",
                     rule.substr(rule.find('/') + 1));
}

void ContentHash::add(uint64_t number) {
  hash_ = folded(hash_ * kFnvPrime ^ number);
}

void ContentHash::add(std::string_view text) {
  add(hash_of(text));
}

std::string content_tag(const ContentHash& content) {
  return base36(content.value(), 6);
}

}  // namespace egress::compile

// SPDX-License-Identifier: MIT
#pragma once

// Names and numbers of kernel objects, derived from the full names of the lab's objects alone, so
// that a change elsewhere in a lab never renames or renumbers what did not change (base/slots.hpp).

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "lab/lab.hpp"
#include "state/kernel_state.hpp"

namespace egress::compile {

// Network namespaces, as `ip netns` shows them. Those of a plan's instances have a "next" in them
// as long as they stand beside others (policy::Network::Worker::is_next), whose names they take
// over then.
std::string app_netns(const std::string& prefix, const std::string& site, int instance,
                      bool is_next = false);
// What one class of an instance's packets is sent from; of the application, the app's own. An
// integrated site makes two attempts to reach a Key Vault, each from its own.
std::string lane_netns(const std::string& prefix, const lab::Sender& sender, bool public_attempt,
                       bool is_next = false);
std::string worker_netns(const std::string& prefix, const std::string& server_farm, int instance,
                         bool is_next = false);
std::string vnet_netns(const std::string& prefix, const std::string& vnet);
std::string host_netns(const std::string& prefix, const std::string& host);
std::string service_netns(const std::string& prefix, const std::string& service);
std::string nat_netns(const std::string& prefix, const std::string& gateway);
std::string gateway_netns(const std::string& prefix, const std::string& gateway);
std::string on_premises_netns(const std::string& prefix, const std::string& network);
std::string front_netns(const std::string& prefix, const std::string& site);
std::string stamp_netns(const std::string& prefix);
std::string internet_netns(const std::string& prefix);

// The process in the stamp's namespace that carries the packets of all wires.
inline constexpr const char* kWireProcess = "wire";

// Whether a lab with one prefix could need a name that one with the other could need too: the
// prefixes are equal, or one goes on like a name of the other ("eg-app" beside "eg", but not
// "eg-b").
bool share_names(const std::string& prefix, const std::string& other);

// The names of one namespace's links, by the text that says what a link leads to ("h-HOST"). A text
// that fits an interface name (15 bytes) is its own, a longer one keeps its head and ends in five
// letters of its hash.
std::map<std::string, std::string> assign_link_names(const std::set<std::string>& texts);
// The app's second interface: "vnet0" and eight letters or digits that change with each restart.
// `instance` as lab::instance_text() tells it.
std::string app_vnet_link(const std::string& site, const std::string& instance, int generation);
// Locally administered, by the interface's full name, "NETNS/LINK".
std::map<std::string, state::MacAddress> assign_macs(const std::set<std::string>& interfaces);
// What every router port shows, as Azure's fabric does.
inline constexpr state::MacAddress kRouterMac{{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc}};

// A gate's chain: a subnet's list in one direction, "out/SUBNET", or what its outbound list says of
// the platform's addresses alone. From there a packet gets to the chain of one security rule,
// "out/SUBNET/deny/RULE". The access is part of the name, so that what a chain does never changes.
// The gate in front of a subnet's private endpoints is "in/SUBNET/endpoints". A rule's name
// is "NSG/RULE", of which the chain's has the latter part.
std::string gate_chain(lab::Direction direction, const std::string& subnet);
std::string endpoints_chain(const std::string& subnet);
std::string platform_chain(const std::string& subnet);
// The same of the list of a machine's own, "out_nic/HOST", "in_nic/HOST" and "platform_nic/HOST".
std::string interface_chain(lab::Direction direction, const std::string& host);
std::string interface_platform_chain(const std::string& host);
// Likewise of the list of a machine that is a firewall.
inline constexpr const char* kNetworkRulesChain = "network_rules";
// What comes before a gate's chain on the way from one list to another (policy/narrowing.hpp): the
// other list.
std::string chain_before(const std::string& gate);
std::string rule_chain(const std::string& gate, lab::Access access, const std::string& rule);

// A hash of what is added, in order.
class ContentHash {
 public:
  void add(std::string_view text);
  void add(uint64_t number);
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0;
};
// Six letters that change with the content.
std::string content_tag(const ContentHash& content);

}  // namespace egress::compile

// SPDX-License-Identifier: MIT
#pragma once

// The security lists of a lab, expanded. What a list means to a subnet depends on the subnet
// through VirtualNetwork alone, so subnets that agree on that share one expansion.

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "policy/effective_rules.hpp"

namespace egress::policy {

// One direction of a security group, as all subnets see it for which VirtualNetwork is the same.
struct SecurityList {
  std::string group{};
  lab::Direction direction = lab::Direction::kOutbound;
  SharedAddresses virtual_network{};
  SharedAddresses not_internet{};  // what of it is in no other tag: all but what is on-premises
  bool operator<(const SecurityList& other) const {
    return std::tie(group, direction, virtual_network, not_internet) <
           std::tie(other.group, other.direction, other.virtual_network, other.not_internet);
  }
};

class SecurityLists {
 public:
  explicit SecurityLists(const lab::Lab& lab, lab::LearnedRoutes learned = {})
      : lab_(lab), learned_(std::move(learned)) {}

  // Empty when the subnet has no security group, or there is no such subnet.
  std::optional<SecurityList> list_of(const lab::SubnetRef& subnet, lab::Direction direction);
  // The same of a network interface in the subnet, to which tags mean what they mean there.
  std::optional<SecurityList> list_of(const lab::Host& host, lab::Direction direction);
  // First match decides, in this order.
  std::vector<EffectiveRule> expand(const SecurityList& list);
  // Of an outbound list, the rules for the platform's tags, which alone count for its addresses
  // (azure-facts 4.5.1), and behind them one that allows the rest; empty when there are none.
  std::vector<EffectiveRule> platform_rules(const SecurityList& list);

 private:
  struct Space {
    SharedAddresses virtual_network{};
    SharedAddresses not_internet{};
  };
  std::optional<SecurityList> list_in(const lab::SubnetRef& subnet,
                                      const std::optional<std::string>& group,
                                      lab::Direction direction);
  const Space& space_of(const std::string& vnet, const lab::Subnet& subnet);
  SharedAddresses expand(const SecurityList& list, const lab::AddressMatch& match);
  AddressSet members(const std::vector<std::string>& groups) const;

  const lab::Lab& lab_;
  lab::LearnedRoutes learned_;
  // By VNet and route table.
  std::map<std::pair<std::string, std::optional<std::string>>, Space> spaces_{};
  std::map<SharedAddresses, SharedAddresses> internets_{};  // by what is not in them
  std::map<std::string, SharedAddresses> tags_{};
  std::map<std::vector<std::string>, SharedAddresses> members_{};
  const SharedAddresses everything_{AddressSet::all()};
};

// Whether equal lists of both labs mean the same: their tags with the services in them, and the
// machines in their groups.
bool same_meanings(const lab::Lab& a, const lab::Lab& b);

}  // namespace egress::policy

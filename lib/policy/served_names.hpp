// SPDX-License-Identifier: MIT
#pragma once

// By which names and addresses clients ask for whoever answers at an interface: what a certificate
// has to say. All names of the lab count, whoever sees them: a name that one network alone is told
// is one, too.

#include <map>
#include <set>
#include <string>

#include "policy/network.hpp"

namespace egress::policy {

struct ServedNames {
  std::set<std::string> names{};  // "*.corp.internal" stands for all below
  // Beside those that it has itself: in place of which it is given packets.
  std::set<Ipv4Address> addresses{};
  bool any_name = false;  // it stands for whoever there is
  bool operator==(const ServedNames&) const = default;

  // `name` is plain.
  bool covers(const std::string& name) const;
};

// Names by the addresses that they lead to, aliases included.
using NamesByAddress = std::map<Ipv4Address, std::set<std::string>>;
NamesByAddress names_by_address(const lab::Lab& lab, const Names& names);

// `at` is a host's, a service's or a front end's.
ServedNames served_names(const Network& network, const NamesByAddress& names, Index at);

}  // namespace egress::policy

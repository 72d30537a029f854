// SPDX-License-Identifier: MIT
#pragma once

// Hosts of random labs that stand for whole prefixes of the Internet.

#include <string>
#include <vector>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab that has none, in some draws; and what changes of them.
void add_prefix_hosts(lab::Lab& lab, Random& random);
void change_prefix_hosts(lab::Lab& lab, Random& random);

// Where such hosts' prefixes begin and end, and what lies in them.
std::vector<Ipv4Address> addresses_in_prefixes(const lab::Lab& lab);

// Of such a host that receives, what is remarkable about the address; empty of any other.
std::string feature_of_receiver(const lab::Lab& lab, const policy::Explanation& explained);

}  // namespace egress::oracle

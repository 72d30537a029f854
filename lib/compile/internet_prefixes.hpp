// SPDX-License-Identifier: MIT
#pragma once

// Hosts of the Internet that answer in whole prefixes. What comes for an address in there is theirs
// by a route in their table local, so that sockets, ping and refusals answer from that address.
// What they say themselves must not meet that route, which would keep it there: it is looked up in
// a table of its own first.

#include "compile/fabric.hpp"

namespace egress::compile {

// In the namespace of `host`, whose eth0 leads to `gateway`.
void answer_in_prefixes(state::NetnsState& netns, const policy::Interface& host,
                        Ipv4Address gateway);
// From the Internet's namespace by `port` to it, which has the neighbour entry.
void lead_to_prefixes(state::NetnsState& internet, const policy::Interface& host,
                      const std::string& port);
// What is in such a prefix and nobody's, where nothing else leads.
void keep_from_prefixes(state::NetnsState& internet, const policy::Network& network);

}  // namespace egress::compile

// SPDX-License-Identifier: MIT
#pragma once

// What a question about a site or a host is about, or why it can have no answer.

#include <string>

#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::inspect {

// The subnet that the sender's site has joined, or that its host is in. kNotFound when there is no
// such site or host, kConflict when it has no integration, or is in no network.
Result<const policy::Network::Subnet*> subnet_of(const policy::Network& network,
                                                 const lab::Sender& sender);
// The same of SITE, SITE/INSTANCE and host/NAME, or the subnet of VNET/SUBNET itself.
Result<const policy::Network::Subnet*> subnet_of(const policy::Network& network,
                                                 const std::string& text);
// The interface of the machine that host/NAME in a network names, if the text does; else kNowhere.
policy::Index machine_of(const policy::Network& network, const std::string& text);
// Its integration's address there, or the host's. The same errors, and policy::declared_app()'s.
Result<Ipv4Address> address_of(const policy::Network& network, const lab::Sender& sender);

// kConflict when packets of the app's class have no namespace to be sent from.
Status check_in_use(const policy::Network::App& app);

}  // namespace egress::inspect

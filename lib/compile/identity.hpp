// SPDX-License-Identifier: MIT
#pragma once

// The token endpoint of apps that have an identity (azure-facts 1.6.12): it answers in their
// workers, and calls the authority from the namespaces of their managed-identity traffic.

#include <cstdint>
#include <string>

#include "base/ip.hpp"
#include "lab/lab.hpp"
#include "state/nft_table.hpp"

namespace egress::compile {

struct Fabric;

// The gateway that every app has on eth0.
inline constexpr Ipv4Address kIdentityAddress{0xa9fe8101};  // 169.254.129.1
inline constexpr uint16_t kIdentityPort = 8081;

// IDENTITY_ENDPOINT and IDENTITY_HEADER.
std::string identity_endpoint();
std::string identity_header(const std::string& site);

// The process and its attachments, in namespaces that are there.
void add_identity(Fabric& fabric);

// Whether an app of the plan has an identity.
bool gives_tokens(const lab::Lab& lab, const std::string& server_farm);
// To the apps of a worker, whose chain "input" is there.
void open_identity_endpoint(state::NftTable& worker);

}  // namespace egress::compile

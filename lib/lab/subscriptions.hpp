// SPDX-License-Identifier: MIT
#pragma once

// Subscriptions: whose a network is decides what may leave it (azure-facts 9.1).

#include <string>
#include <vector>

namespace egress::lab {

struct Lab;
struct VirtualNetwork;

// The resource provider of App Service.
inline constexpr const char* kWebProvider = "Microsoft.Web";

// What a lab that names none has (contract "Subscriptions").
struct Subscription {
  std::string quota_id = "EnterpriseAgreement_2014-09-01";  // of its offer
  std::vector<std::string> registered_providers{"Microsoft.Web", "Microsoft.Network"};
  bool operator==(const Subscription&) const = default;
};

// The network's own, else the lab's, else the default one.
const Subscription& subscription_of(const Lab& lab, const VirtualNetwork& vnet);

// Of a resource that says `own`, or nothing: its subscription's name, or "default" for the one that
// a lab without subscriptions has.
std::string subscription_name(const Lab& lab, const std::string& own);

bool has_registered(const Subscription& subscription, const std::string& provider);

// Whether its networks may send to port 25 on the Internet: Enterprise Agreement and MCA-E alone
// (azure-facts 9.1; contract "Decided" 18, 28).
bool sends_mail(const Subscription& subscription);

}  // namespace egress::lab

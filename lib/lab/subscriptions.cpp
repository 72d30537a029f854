// SPDX-License-Identifier: MIT
#include "lab/subscriptions.hpp"

#include <algorithm>

#include "lab/lab.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {

const Subscription& subscription_of(const Lab& lab, const VirtualNetwork& vnet) {
  static const Subscription kDefault;
  const std::string& name = vnet.subscription.empty() ? lab.subscription : vnet.subscription;
  const auto found = lab.subscriptions.find(name);
  return found == lab.subscriptions.end() ? kDefault : found->second;
}

std::string subscription_name(const Lab& lab, const std::string& own) {
  const std::string& name = own.empty() ? lab.subscription : own;
  return name.empty() ? "default" : name;
}

bool has_registered(const Subscription& subscription, const std::string& provider) {
  const auto& all = subscription.registered_providers;
  return std::any_of(all.begin(), all.end(), [&](const std::string& registered) {
    return equal_ignoring_case(registered, provider);
  });
}

bool sends_mail(const Subscription& subscription) {
  const std::string_view quota_id = subscription.quota_id;
  const std::string_view offers[] = {"EnterpriseAgreement", "MCA-E"};
  return std::any_of(std::begin(offers), std::end(offers), [&](std::string_view offer) {
    return equal_ignoring_case(quota_id.substr(0, offer.size()), offer);
  });
}

}  // namespace egress::lab

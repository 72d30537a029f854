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

bool sends_mail(const Subscription& subscription) {
  const std::string_view quota_id = subscription.quota_id;
  const std::string_view offers[] = {"EnterpriseAgreement", "MCA-E"};
  return std::any_of(std::begin(offers), std::end(offers), [&](std::string_view offer) {
    return equal_ignoring_case(quota_id.substr(0, offer.size()), offer);
  });
}

}  // namespace egress::lab

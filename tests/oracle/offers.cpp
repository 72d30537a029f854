// SPDX-License-Identifier: MIT
#include "tests/oracle/offers.hpp"

#include <string>
#include <utility>
#include <vector>

namespace egress::oracle {
namespace {

const std::vector<std::pair<std::string, std::string>> kOffers = {
    {"enterprise", "EnterpriseAgreement_2014-09-01"},
    {"customer", "mca-e_2022-01-01"},
    {"pay-as-you-go", "PayAsYouGo_2014-09-01"},
    {"free", "FreeTrial_2014-09-01"}};

// One of those that the lab declares, or none.
std::string some_subscription(const lab::Lab& lab, Random& random) {
  if (lab.subscriptions.empty() || random.chance(25)) return {};
  return std::next(lab.subscriptions.begin(),
                   random.below(static_cast<uint32_t>(lab.subscriptions.size())))
      ->first;
}

}  // namespace

void add_subscriptions(lab::Lab& lab, Random& random) {
  if (random.chance(15)) return;
  for (const auto& [name, offer] : kOffers) {
    if (random.chance(70)) lab.subscriptions[name].quota_id = offer;
  }
  lab.subscription = some_subscription(lab, random);
  for (auto& [name, vnet] : lab.virtual_networks) {
    if (random.chance(60)) vnet.subscription = some_subscription(lab, random);
  }
}

void change_subscriptions(lab::Lab& lab, Random& random) {
  std::string& owner =
      random.chance(30) ? lab.subscription : random.any_of(lab.virtual_networks).subscription;
  owner = some_subscription(lab, random);
}

}  // namespace egress::oracle

// SPDX-License-Identifier: MIT
#include "tests/oracle/offers.hpp"

#include <string>
#include <utility>
#include <vector>

#include "tests/support/values.hpp"

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

void draw_outbound_addresses(lab::Lab& lab, Random& random) {
  const std::vector<Ipv4Address> known = {testing_support::ip("20.50.1.5"),
                                          testing_support::ip("20.50.2.4"),
                                          testing_support::ip("20.50.2.5")};
  for (auto& [name, farm] : lab.server_farms) {
    farm.outbound_ip_addresses.clear();
    if (random.chance(70)) continue;
    for (const Ipv4Address address : known) {
      if (random.chance(50)) farm.outbound_ip_addresses.push_back(address);
    }
  }
}

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

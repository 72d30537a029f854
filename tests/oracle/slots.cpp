// SPDX-License-Identifier: MIT
#include "tests/oracle/slots.hpp"

#include "lab/slots.hpp"

namespace egress::oracle {
namespace {

constexpr const char* kApp = "app0";
const std::string kSlot = lab::site_of_slot(kApp, "slot");

void become_slot(lab::Site& site, const lab::Site& app) {
  site.slot_of = kApp;
  site.server_farm = app.server_farm;
  site.location = app.location;
  site.subscription = app.subscription;
}

}  // namespace

void make_slots(lab::Lab& lab, Random& random) {
  const bool wanted = random.chance(35);
  const auto app = lab.sites.find(kApp);
  if (!wanted || app == lab.sites.end()) return;
  for (auto site = lab.sites.rbegin(); site != lab.sites.rend(); ++site) {
    if (site->first == kApp || site->second.server_farm != app->second.server_farm) continue;
    const std::string name = site->first;
    auto node = lab.sites.extract(name);
    node.key() = kSlot;
    become_slot(node.mapped(), app->second);
    lab.sites.insert(std::move(node));
    for (auto& [endpoint_name, endpoint] : lab.private_endpoints) {
      if (endpoint.private_link_service == name) endpoint.private_link_service = kSlot;
    }
    return;
  }
}

void change_slots(lab::Lab& lab, Random& random) {
  const auto slot = lab.sites.find(kSlot);
  const auto app = lab.sites.find(kApp);
  if (slot == lab.sites.end() || app == lab.sites.end() || random.chance(30)) return;
  if (slot->second.slot_of.empty()) {
    become_slot(slot->second, app->second);
  } else {
    slot->second.slot_of.clear();
  }
}

}  // namespace egress::oracle

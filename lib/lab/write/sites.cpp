// SPDX-License-Identifier: MIT
#include "lab/slots.hpp"
#include "lab/write/writer.hpp"

namespace egress::lab {

// A slot whose app is gone has no place.
Document Writer::json_of(const Named<Site>& sites) const {
  std::map<std::string, Document::object_t> slots;
  for (const auto& [name, site] : sites) {
    if (site.slot_of.empty() || !sites.contains(site.slot_of)) continue;
    slots[site.slot_of].emplace_back(slot_name(name, site), json_of(site));
  }
  Document::object_t json;
  for (const auto& [name, site] : sites) {
    if (!site.slot_of.empty()) continue;
    Document written = json_of(site);
    if (const auto own = slots.find(name); own != slots.end()) {
      written["slots"] = Document(std::move(own->second));
    }
    json.emplace_back(name, std::move(written));
  }
  return json.empty() ? Document() : Document(std::move(json));
}

Document Writer::json_of(const Site& site) const {
  const auto& [farm, subnet, routing, route_all, content_share, image_pull, backup_restore,
               settings, dns, access, inbound, dependencies, runtime, subscription, identity,
               backup, logs, private_ports, location, slot_of, slot_settings] = site;
  const auto access_word =
      access ? std::optional(word_for(site_public_network_accesses(), *access)) : std::nullopt;
  // What a slot has of its app goes without saying.
  const Site* app = slot_of.empty() ? nullptr : &lab_.sites.at(slot_of);
  const auto of_app = [&](const std::string& own, std::string Site::*of) {
    return app == nullptr || own != app->*of ? if_any(own) : std::nullopt;
  };
  const Document slot_config_names =
      slot_settings.empty() ? Document() : object(field("appSettingNames", slot_settings));
  return object(
      field("serverFarm", of_app(farm, &Site::server_farm)), field("virtualNetworkSubnet", subnet),
      field("outboundVnetRouting", routing), field("vnetRouteAllEnabled", route_all),
      field("vnetContentShareEnabled", content_share), field("vnetImagePullEnabled", image_pull),
      field("vnetBackupRestoreEnabled", backup_restore), field("linuxFxVersion", if_any(runtime)),
      field("publicNetworkAccess", access_word), field("inboundIpAddress", inbound),
      field("dnsConfiguration", dns), field("appSettings", settings),
      field("dependencies", dependencies), field("identity", identity), field("backup", backup),
      field("logs", logs), field("vnetPrivatePortsCount", unless(0, private_ports)),
      field("subscription", of_app(subscription, &Site::subscription)),
      field("location", of_app(location, &Site::location)),
      Field{"slotConfigNames", slot_config_names});
}

}  // namespace egress::lab

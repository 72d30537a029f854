// SPDX-License-Identifier: MIT

#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

OutboundVnetRouting read_outbound_vnet_routing(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kOutboundVnetRouting);
  OutboundVnetRouting routing;
  object.into(routing.all_traffic, "allTraffic", &Reader::boolean);
  object.into(routing.application_traffic, "applicationTraffic", &Reader::boolean);
  object.into(routing.content_share_traffic, "contentShareTraffic", &Reader::boolean);
  object.into(routing.image_pull_traffic, "imagePullTraffic", &Reader::boolean);
  object.into(routing.backup_restore_traffic, "backupRestoreTraffic", &Reader::boolean);
  object.into(routing.managed_identity_traffic, "managedIdentityTraffic", &Reader::boolean);
  return routing;
}

std::optional<Port> read_listen(Reader& reader, const Value& value) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  if (const auto port = Port::parse(lower_case(*text))) return *port;
  reader.fail(value, "listen", fmt::format("'{}' is not a port to listen on", shown(*text)),
              "write tcp/PORT or udp/PORT, from 1 to 65535");
  return std::nullopt;
}

void read_from(Reader& reader, const Value& value, Expectation& expectation) {
  const auto text = reader.text(value);
  if (!text) return;
  const auto sender = Sender::parse(*text);
  if (sender) {
    expectation.from = sender->site;
    expectation.instance = sender->instance;
  } else {
    reader.fail(value, "reference",
                fmt::format("'{}' does not name an app's instance", shown(*text)),
                "write SITE or SITE/INSTANCE, counted from 0");
  }
}

}  // namespace

ServerFarm read_server_farm(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kServerFarm);
  ServerFarm farm;
  object.into(farm.sku, "sku", &Reader::text);
  if (const Sku* sku = find_sku(farm.sku)) farm.sku = sku->name;
  object.into(farm.capacity, "capacity", &Reader::integer);
  return farm;
}

Site read_site(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kSite);
  Site site;
  object.into(site.server_farm, "serverFarm", &Reader::text);
  object.into(site.virtual_network_subnet, "virtualNetworkSubnet", &Reader::subnet_ref);
  if (const auto routing = object.at("outboundVnetRouting")) {
    site.outbound_vnet_routing = read_outbound_vnet_routing(reader, *routing);
  }
  object.into(site.vnet_route_all_enabled, "vnetRouteAllEnabled", &Reader::boolean);
  object.into(site.vnet_content_share_enabled, "vnetContentShareEnabled", &Reader::boolean);
  object.into(site.vnet_image_pull_enabled, "vnetImagePullEnabled", &Reader::boolean);
  object.into(site.vnet_backup_restore_enabled, "vnetBackupRestoreEnabled", &Reader::boolean);
  const auto settings = object.at("appSettings");
  for (const Value& setting : settings ? reader.entries(*settings) : std::vector<Value>{}) {
    // Settings are text to the app: numbers and booleans are taken as they are written.
    if (setting.is_null()) {
      reader.fail_at_key(setting, "type", "text is expected, not nothing",
                         "write \"\" for an empty value");
    } else if (auto text = reader.text(setting)) {
      site.app_settings[setting.key] = std::move(*text);
    }
  }
  return site;
}

Host read_host(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kHost);
  Host host;
  object.into(host.subnet, "subnet", &Reader::subnet_ref);
  const auto subnet = object.at("subnet");
  bool internet = false;
  object.into(internet, "internet", &Reader::boolean);
  const auto internet_value = object.at("internet");
  if (internet && subnet) {
    reader.fail_at_key(*internet_value, "exclusive-keys",
                       "a host is in a subnet or in the Internet, not in both");
  } else if (!internet && !subnet) {
    object.miss({"subnet", "internet"}, "the host has no place",
                "write 'subnet: VNET/SUBNET' or 'internet: true'");
  }
  object.into(host.ip_address, "ipAddress", &Reader::address);
  host.names = reader.list(object.at("names"), &Reader::text);
  object.list_into(host.listen, "listen", read_listen);
  object.into(host.enable_ip_forwarding, "enableIPForwarding", &Reader::boolean);
  object.into(host.masquerade, "masquerade", &Reader::address);
  host.application_security_groups =
      reader.list(object.at("applicationSecurityGroups"), &Reader::text);
  return host;
}

Expectation read_expectation(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kExpectation);
  Expectation expectation{.line = value.mark.line};
  if (const auto from = object.at("from")) read_from(reader, *from, expectation);
  object.into(expectation.to, "to", &Reader::text);
  object.word_into(expectation.expect, "expect", verdicts());
  object.into(expectation.by, "by", &Reader::text);
  if (const auto via = object.at("via")) expectation.via = reader.word(*via, paths());
  object.into(expectation.source, "source", &Reader::address);
  return expectation;
}

}  // namespace egress::lab

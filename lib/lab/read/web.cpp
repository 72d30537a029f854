// SPDX-License-Identifier: MIT

#include <algorithm>

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

// What the platform is asked to do.
void read_platform(ObjectReader& object, Site& site) {
  Reader& reader = object.reader();
  if (const auto identity = object.at("identity")) site.identity = read_identity(reader, *identity);
  if (const auto backup = object.at("backup")) site.backup = read_backup(reader, *backup);
  if (const auto logs = object.at("logs")) site.logs = read_site_logs(reader, *logs);
  object.integer_into(site.vnet_private_ports_count, "vnetPrivatePortsCount");
  object.into(site.subscription, "subscription", &Reader::text);
}

void read_from(Reader& reader, const Value& value, Expectation& expectation) {
  const auto text = reader.text(value);
  if (!text) return;
  const auto sender = Sender::parse_with_hosts(*text);
  if (sender) {
    expectation.from = sender->site;
    expectation.instance = sender->instance;
    expectation.host = sender->host;
  } else {
    reader.fail(value, "reference",
                fmt::format("'{}' names neither an app's instance nor a host", shown(*text)),
                "write SITE, SITE/INSTANCE, counted from 0, or host/NAME");
  }
}

// A flow is expected to have an outcome, a lookup to give addresses or a status.
std::optional<Ipv4Address> read_looked_up(Reader& reader, const Value& value) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  if (const auto address = Ipv4Address::parse(*text); address.ok()) return *address;
  reader.fail(
      value, "expectation", fmt::format("'{}' is nothing that a lookup gives", shown(*text)),
      fmt::format("write an address, a list of them, or {}", one_of(words_of(lookup_statuses()))));
  return std::nullopt;
}

void read_lookup(Reader& reader, const Value& value, Expectation& expectation) {
  if (value.node->kind == YamlKind::kSequence) {
    for (const Value& item : reader.items(value)) {
      if (const auto address = read_looked_up(reader, item)) {
        expectation.addresses.push_back(*address);
      }
    }
    if (value.is_empty_list()) reader.fail(value, "expectation", "'expect' holds no address");
    return;
  }
  for (const Spelling<LookupStatus>& status : lookup_statuses()) {
    if (value.is_scalar() && equal_ignoring_case(status.word, value.node->text)) {
      expectation.status = status.value;
      return;
    }
  }
  if (const auto address = read_looked_up(reader, value)) expectation.addresses = {*address};
}

// Of a start, the class of traffic that makes it fail.
void read_decider(Reader& reader, const Value& value, Expectation& expectation) {
  if (!expectation.startup) {
    expectation.by = reader.text(value);
  } else if (const auto traffic = reader.word(value, traffic_classes())) {
    expectation.by = name_of(*traffic);
  }
}

// What runs was failed by nothing.
void exclude_decider(ObjectReader& object) {
  const auto by = object.at("by");
  if (!by) return;
  object.reader().fail_at_key(*by, "exclusive-keys",
                              "'expect: running' and 'by' exclude each other",
                              "nothing fails a start that succeeds");
}

void read_start(Reader& reader, const Value& value, Expectation& expectation) {
  expectation.running = reader.word(value, startup_outcomes());
}

void read_outcome(Reader& reader, const Value& value, Expectation& expectation) {
  const std::string& text = value.node->text;
  const auto words = words_of(lookup_statuses());
  const bool of_lookup = value.node->kind == YamlKind::kSequence || Ipv4Address::parse(text).ok() ||
                         std::any_of(words.begin(), words.end(), [&](const std::string& word) {
                           return equal_ignoring_case(word, text);
                         });
  if (of_lookup) {
    reader.fail(value, "expectation", "only a line with 'resolve' expects what a lookup gives",
                fmt::format("of a flow write {}", one_of(words_of(outcomes()))));
    return;
  }
  expectation.expect = reader.word(value, outcomes()).value_or(expectation.expect);
}

void read_addresses(ObjectReader& object, Host& host) {
  object.into(host.ip_address, "ipAddress", &Reader::address);
  const auto prefixes = object.at("addressPrefixes");
  host.address_prefixes = object.reader().list(prefixes, &Reader::prefix);
  object.exclude("ipAddress", "addressPrefixes");
  if (prefixes && prefixes->is_empty_list()) {
    object.miss({"addressPrefixes"}, "'addressPrefixes' holds no prefix");
  }
  if (!prefixes && !object.at("ipAddress")) {
    object.miss({"ipAddress", "addressPrefixes"}, "'ipAddress' is missing",
                "write 'ipAddress: ADDRESS'; an Internet site may have 'addressPrefixes' instead");
  }
}

}  // namespace

std::optional<Port> read_listen(Reader& reader, const Value& value) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  if (const auto port = Port::parse(lower_case(*text))) return *port;
  reader.fail(value, "listen", fmt::format("'{}' is not a port to listen on", shown(*text)),
              "write tcp/PORT or udp/PORT, from 1 to 65535");
  return std::nullopt;
}

ServerFarm read_server_farm(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kServerFarm);
  ServerFarm farm;
  object.into(farm.sku, "sku", &Reader::text);
  if (const Sku* sku = find_sku(farm.sku)) farm.sku = sku->name;
  object.into(farm.capacity, "capacity", &Reader::integer);
  farm.outbound_ip_addresses = reader.list(object.at("outboundIpAddresses"), &Reader::address);
  object.into(farm.subscription, "subscription", &Reader::text);
  object.word_into(farm.interface, "interface", integration_interfaces());
  if (const auto impairment = object.at("impairment")) {
    farm.impairment = read_impairment(reader, *impairment);
  }
  if (const auto location = object.at("location")) {
    farm.location = read_location(reader, *location).value_or("");
  }
  object.into(farm.reserved, "reserved", &Reader::boolean);
  object.into(farm.hyper_v, "hyperV", &Reader::boolean);
  return farm;
}

Impairment read_impairment(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kImpairment);
  Impairment impairment;
  object.into(impairment.latency, "latency", &Reader::latency);
  object.into(impairment.jitter, "jitter", &Reader::latency);
  object.into(impairment.loss, "loss", &Reader::share);
  object.into(impairment.duplicate, "duplicate", &Reader::share);
  object.into(impairment.reorder, "reorder", &Reader::share);
  object.into(impairment.rate, "rate", &Reader::rate);
  object.integer_into(impairment.seed, "seed");
  return impairment;
}

Site read_site(ObjectReader& object) {
  Reader& reader = object.reader();
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
  for (AppSetting& setting : read_app_settings(object)) {
    site.app_settings[setting.place.key] = std::move(setting.value);
  }
  object.into(site.linux_fx_version, "linuxFxVersion", &Reader::text);
  if (const auto access = object.at("publicNetworkAccess")) {
    site.public_network_access = reader.word(*access, site_public_network_accesses());
  }
  object.into(site.inbound_ip_address, "inboundIpAddress", &Reader::address);
  if (const auto dns = object.at("dnsConfiguration")) {
    site.dns_configuration = read_dns_configuration(reader, *dns);
  }
  object.list_into(site.dependencies, "dependencies", &Reader::text);
  if (const auto location = object.at("location")) {
    site.location = read_location(reader, *location).value_or("");
  }
  read_platform(object, site);
  read_site_config(object, site);
  return site;
}

Host read_host(Reader& reader, const Value& value, const TagNames* tags) {
  ObjectReader object(reader, value, ObjectType::kHost);
  Host host;
  object.into(host.subnet, "subnet", &Reader::subnet_ref);
  object.into(host.on_premises, "onPremises", &Reader::text);
  const auto subnet = object.at("subnet");
  const auto on_premises = object.at("onPremises");
  bool internet = false;
  object.into(internet, "internet", &Reader::boolean);
  const auto internet_value = object.at("internet");
  if (internet && subnet) {
    reader.fail_at_key(*internet_value, "exclusive-keys",
                       "a host is in a subnet or in the Internet, not in both");
  } else if (on_premises && (internet || subnet)) {
    reader.fail_at_key(*on_premises, "exclusive-keys",
                       fmt::format("a host is on-premises or in {}, not in both",
                                   subnet ? "a subnet" : "the Internet"));
  } else if (!internet && !subnet && !on_premises) {
    object.miss({"subnet", "internet", "onPremises"}, "the host has no place",
                "write 'subnet: VNET/SUBNET', 'internet: true' or 'onPremises: NAME'");
  }
  read_addresses(object, host);
  host.names = reader.list(object.at("names"), &Reader::text);
  object.list_into(host.listen, "listen", read_listen);
  object.into(host.enable_ip_forwarding, "enableIPForwarding", &Reader::boolean);
  object.into(host.masquerade, "masquerade", &Reader::address);
  object.into(host.network_security_group, "networkSecurityGroup", &Reader::text);
  object.into(host.public_ip_address, "publicIPAddress", &Reader::text);
  host.application_security_groups =
      reader.list(object.at("applicationSecurityGroups"), &Reader::text);
  if (const auto server = object.at("dnsServer")) {
    host.dns_server = read_dns_server(reader, *server);
  }
  object.into(host.stateful, "stateful", &Reader::boolean);
  object.map_into(host.network_rules, "networkRules", [&](Reader& from, const Value& rule) {
    return read_network_rule(from, rule, tags);
  });
  return host;
}

Expectation read_expectation(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kExpectation);
  Expectation expectation{.line = value.mark.line};
  if (const auto from = object.at("from")) read_from(reader, *from, expectation);
  object.into(expectation.to, "to", &Reader::text);
  object.into(expectation.resolve, "resolve", &Reader::domain_name);
  object.into(expectation.startup, "startup", &Reader::boolean);
  if (const auto by = object.at("by")) read_decider(reader, *by, expectation);
  if (const auto via = object.at("via")) expectation.via = reader.word(*via, paths());
  object.list_into(expectation.source, "source", &Reader::prefix);
  object.word_into(expectation.traffic, "traffic", traffic_classes());
  const bool lookup = object.at("resolve").has_value();
  if (!lookup && !expectation.startup && !object.at("to")) {
    object.miss({"to", "resolve", "startup"}, "'to' is missing",
                "write 'to: URL', 'resolve: NAME' or 'startup: true'");
  }
  for (const char* of_flow : {"to", "by", "via", "source"}) object.exclude("resolve", of_flow);
  if (expectation.startup) {
    for (const char* other : {"to", "resolve", "via", "source", "traffic"}) {
      object.exclude("startup", other);
    }
  }
  if (const auto expect = object.at("expect")) {
    const auto read = expectation.startup ? read_start : lookup ? read_lookup : read_outcome;
    read(reader, *expect, expectation);
  }
  if (expectation.running == true) exclude_decider(object);
  return expectation;
}

}  // namespace egress::lab

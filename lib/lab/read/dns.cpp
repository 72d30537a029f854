// SPDX-License-Identifier: MIT

#include "lab/domain_name.hpp"
#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

VirtualNetworkLink read_link(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kVirtualNetworkLink);
  VirtualNetworkLink link;
  object.into(link.registration_enabled, "registrationEnabled", &Reader::boolean);
  object.word_into(link.resolution_policy, "resolutionPolicy", resolution_policies());
  return link;
}

std::optional<MxRecord> read_mx(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kMxRecord);
  MxRecord record;
  object.integer_into(record.preference, "preference");
  object.into(record.exchange, "exchange", &Reader::domain_name);
  return record;
}

std::optional<SrvRecord> read_srv(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kSrvRecord);
  SrvRecord record;
  object.integer_into(record.priority, "priority");
  object.integer_into(record.weight, "weight");
  object.integer_into(record.port, "port");
  object.into(record.target, "target", &Reader::domain_name);
  return record;
}

RecordSet read_record_set(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kRecordSet);
  RecordSet set;
  object.integer_into(set.ttl, "ttl");
  object.list_into(set.a, "A", &Reader::address);
  object.list_into(set.aaaa, "AAAA", &Reader::address6);
  object.into(set.cname, "CNAME", &Reader::domain_name);
  object.list_into(set.txt, "TXT", &Reader::text);
  object.list_into(set.ptr, "PTR", &Reader::domain_name);
  object.list_into(set.mx, "MX", read_mx);
  object.list_into(set.srv, "SRV", read_srv);
  return set;
}

}  // namespace

PrivateDnsZone read_private_dns_zone(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kPrivateDnsZone);
  PrivateDnsZone zone{.zone_name = lower_case(value.key)};
  object.into(zone.zone_name, "zoneName", &Reader::domain_name);
  object.map_into(zone.virtual_network_links, "virtualNetworkLinks", read_link);
  object.map_into(zone.record_sets, "recordSets", read_record_set);
  return zone;
}

PublicDns read_public_dns(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kPublicDns);
  PublicDns dns;
  object.map_into(dns.record_sets, "recordSets", read_record_set);
  object.list_into(dns.forward_to, "forwardTo", &Reader::address);
  return dns;
}

DnsServer read_dns_server(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kDnsServer);
  DnsServer server;
  object.list_into(server.forward_to, "forwardTo", &Reader::address);
  object.map_into(server.record_sets, "recordSets", read_record_set);
  return server;
}

DnsConfiguration read_dns_configuration(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kDnsConfiguration);
  DnsConfiguration configuration;
  object.list_into(configuration.dns_servers, "dnsServers", &Reader::address);
  const auto alternative = object.at("dnsAltServer");
  if (alternative && !(alternative->is_scalar() && alternative->node->text.empty())) {
    configuration.dns_alt_server = reader.address(*alternative);
  }
  object.integer_into(configuration.dns_retry_attempt_count, "dnsRetryAttemptCount");
  object.integer_into(configuration.dns_retry_attempt_timeout, "dnsRetryAttemptTimeout");
  object.integer_into(configuration.dns_max_cache_timeout, "dnsMaxCacheTimeout");
  return configuration;
}

}  // namespace egress::lab

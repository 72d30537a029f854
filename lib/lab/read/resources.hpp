// SPDX-License-Identifier: MIT
#pragma once

// The parts of the loader: the whole, and what reads one resource of each kind. They check what
// only the file's own form can show; what ties objects together is validate.hpp's business.

#include <optional>

#include "lab/read/yaml_reader.hpp"
#include "lab/service_tags.hpp"

namespace egress::lab {

// The whole file, read and judged. `before` may be null: a lab whose service tags are taken over
// when the file names the same file of tags.
Loaded read_lab(const YamlTree& tree, const std::string& file, const ReadFile& read_file,
                const Lab* before);

// The canonical spelling of a service tag. Every one is taken as it is when `tags` is null: the
// file that declares them was not read.
std::optional<std::string> read_service_tag(Reader& reader, const Value& value,
                                            const TagNames* tags);
// Addresses begin with a digit (IPv6 ones hold a colon); anything else can only be a tag.
bool looks_like_address(const std::string& text);
// 443, 1000-1999 or "*".
std::optional<Interval<uint16_t>> read_port_range(Reader& reader, const Value& value);
VirtualNetwork read_virtual_network(Reader& reader, const Value& value,
                                    const std::string& location_of_lab);
NetworkSecurityGroup read_network_security_group(Reader& reader, const Value& value,
                                                 const TagNames* tags);
RouteTable read_route_table(Reader& reader, const Value& value, const TagNames* tags);
ServerFarm read_server_farm(Reader& reader, const Value& value);
Impairment read_impairment(Reader& reader, const Value& value);
// With their slots.
Named<Site> read_sites(Reader& reader, const Value& value);
// The properties that a site and a slot have.
Site read_site(ObjectReader& object);
struct AppSetting {
  Value place{};
  std::string value{};
};
// Those of a site or of its siteConfig, in the order of the file.
std::vector<AppSetting> read_app_settings(ObjectReader& object);
// Adds what the siteConfig of the site says; what the site itself says has been read.
void read_site_config(ObjectReader& object, Site& site);
// tcp/PORT or udp/PORT.
std::optional<Port> read_listen(Reader& reader, const Value& value);
Host read_host(Reader& reader, const Value& value, const TagNames* tags);
VirtualNetworkGateway read_virtual_network_gateway(Reader& reader, const Value& value);
OnPremisesNetwork read_on_premises_network(Reader& reader, const Value& value);
LoadBalancer read_load_balancer(Reader& reader, const Value& value);
NetworkRule read_network_rule(Reader& reader, const Value& value, const TagNames* tags);
Service read_service(Reader& reader, const Value& value, const std::string& location_of_lab,
                     const TagNames* tags);
PrivateEndpoint read_private_endpoint(Reader& reader, const Value& value);
// The service's name, or an object.
std::optional<ServiceEndpoint> read_service_endpoint(Reader& reader, const Value& value);
PrivateDnsZone read_private_dns_zone(Reader& reader, const Value& value);
PublicDns read_public_dns(Reader& reader, const Value& value);
DnsServer read_dns_server(Reader& reader, const Value& value);
DnsConfiguration read_dns_configuration(Reader& reader, const Value& value);
Subscription read_subscription(Reader& reader, const Value& value);
RoleAssignment read_role_assignment(Reader& reader, const Value& value);
PublicIpAddress read_public_ip_address(Reader& reader, const Value& value);
NatGateway read_nat_gateway(Reader& reader, const Value& value);
SnatPorts read_snat_ports(Reader& reader, const Value& value);
IdentityType read_identity(Reader& reader, const Value& value);
Backup read_backup(Reader& reader, const Value& value);
SiteLogs read_site_logs(Reader& reader, const Value& value);
Certificate read_certificate(Reader& reader, const Value& value);
Secret read_secret(Reader& reader, const Value& value);
Expectation read_expectation(Reader& reader, const Value& value);
// Azure spells regions both ways: "West Europe" and "westeurope".
std::optional<std::string> read_location(Reader& reader, const Value& value);

// Makes references say names as they were declared. One that nothing declares stays as it is.
void resolve_references(Lab& lab);

}  // namespace egress::lab

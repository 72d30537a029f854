// SPDX-License-Identifier: MIT
#pragma once

// What the user declared, in Azure's words: plain data, no behaviour, no kernel words. ARM's
// property names become snake_case here; references stay names. A Lab that left the loader is
// complete and consistent (lab/validate.hpp), so nothing below this layer checks it again.

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/interval_set.hpp"
#include "base/ip.hpp"
#include "base/protocol.hpp"
#include "base/result.hpp"
#include "lab/dns.hpp"
#include "lab/gateways.hpp"
#include "lab/impairment.hpp"
#include "lab/instances.hpp"
#include "lab/load_balancers.hpp"
#include "lab/names.hpp"
#include "lab/nat_gateways.hpp"
#include "lab/network_rules.hpp"
#include "lab/platform.hpp"
#include "lab/services.hpp"
#include "lab/subscriptions.hpp"
#include "lab/traffic.hpp"

namespace egress::lab {

struct Subnet {
  std::vector<Ipv4Prefix> address_prefixes{};  // at least one
  std::vector<std::string> delegations{};
  std::optional<std::string> network_security_group{};
  std::optional<std::string> route_table{};
  std::vector<ServiceEndpoint> service_endpoints{};
  PrivateEndpointNetworkPolicies private_endpoint_network_policies{};
  std::vector<std::string> service_endpoint_policies{};  // not emulated
  std::optional<std::string> nat_gateway{};
  bool operator==(const Subnet&) const = default;
};
// Delegated to Microsoft.Web/serverFarms: apps join it, machines do not, and what leaves it for the
// Internet goes by App Service's own source NAT. Other services' delegations change nothing.
bool is_integration_subnet(const Subnet& subnet);

// The addresses of a subnet's prefix that hosts and integrations can have: Azure keeps the first
// four (network, gateway, two for its DNS) and the last one (azure-facts 3.1.1). Empty when that is
// all.
std::optional<Interval<uint32_t>> usable_range(const Ipv4Prefix& prefix);
// How many that are, of all prefixes.
uint64_t usable_addresses(const Subnet& subnet);

// One direction of a peering; keyed by the remote network's name. azure-facts 6.
struct VirtualNetworkPeering {
  bool allow_virtual_network_access = true;
  bool allow_forwarded_traffic = false;
  bool allow_gateway_transit = false;
  bool use_remote_gateways = false;
  bool operator==(const VirtualNetworkPeering&) const = default;
};

struct VirtualNetwork {
  std::string location{};  // the lab's when the file does not say
  std::vector<Ipv4Prefix> address_prefixes{};
  std::vector<Ipv4Address> dns_servers{};  // empty: Azure DNS
  Named<Subnet> subnets{};
  Named<VirtualNetworkPeering> virtual_network_peerings{};
  PrivateEndpointVnetPolicies private_endpoint_vnet_policies{};
  std::string subscription{};                    // or empty: the lab's
  std::optional<int> flow_timeout_in_minutes{};  // of idle flows
  bool operator==(const VirtualNetwork&) const = default;
};

enum class Direction { kInbound, kOutbound };
enum class SecurityRuleProtocol { kAny, kTcp, kUdp, kIcmp, kEsp, kAh };

// One side's address condition of a security rule. Exactly one form is in use: `any`, a service
// tag, application security groups, or prefixes.
struct AddressMatch {
  bool any = false;
  std::string service_tag{};  // canonical spelling, e.g. "VirtualNetwork", "Storage.WestEurope"
  std::vector<std::string> application_security_groups{};
  std::vector<Ipv4Prefix> prefixes{};
  bool operator==(const AddressMatch&) const = default;
};

struct SecurityRule {
  int priority = 0;  // 100..4096 for user rules
  Direction direction = Direction::kOutbound;
  Access access = Access::kDeny;
  SecurityRuleProtocol protocol = SecurityRuleProtocol::kAny;
  AddressMatch source{};
  AddressMatch destination{};
  PortSet source_ports{};  // all ports for "*"
  PortSet destination_ports{};
  std::string description{};
  bool operator==(const SecurityRule&) const = default;
};

struct NetworkSecurityGroup {
  Named<SecurityRule> security_rules{};
  bool flush_connection = false;  // a changed rule counts for flows that it finds, too
  bool operator==(const NetworkSecurityGroup&) const = default;
};

enum class NextHopType { kVirtualNetworkGateway, kVnetLocal, kInternet, kVirtualAppliance, kNone };

struct Route {
  std::optional<Ipv4Prefix> address_prefix{};  // or
  std::string service_tag{};                   // canonical; exactly one of the two is set
  NextHopType next_hop_type = NextHopType::kNone;
  std::optional<Ipv4Address> next_hop_ip_address{};  // with kVirtualAppliance only
  bool operator==(const Route&) const = default;
};

struct RouteTable {
  Named<Route> routes{};
  bool disable_bgp_route_propagation = false;  // nor what gateways have static routes for
  bool operator==(const RouteTable&) const = default;
};

// What joins a worker's namespace to that of its network: a pair of links that the kernel carries
// packets between, or two of them with a process between.
enum class IntegrationInterface { kVeth, kTun };

struct ServerFarm {
  std::string sku = "P1v3";
  int capacity = 1;
  std::vector<Ipv4Address> outbound_ip_addresses{};              // empty: the lab's
  std::string subscription{};                                    // or empty: the lab's
  IntegrationInterface interface = IntegrationInterface::kVeth;  // of each of its integrations
  std::optional<Impairment> impairment{};                        // of each of its wires; with kTun
  std::string location{};                                        // or empty: the lab's
  bool reserved = true;                                          // Linux; else Windows
  bool hyper_v = false;                                          // Windows containers
  bool operator==(const ServerFarm&) const = default;
};

// The property object of Microsoft.Web 2024-11-01. A flag missing in it is false (contract,
// "Decided" 8). azure-facts 1.2, 2.1.
struct OutboundVnetRouting {
  bool all_traffic = false;
  bool application_traffic = false;
  bool content_share_traffic = false;
  bool image_pull_traffic = false;
  bool backup_restore_traffic = false;
  bool managed_identity_traffic = false;
  bool operator==(const OutboundVnetRouting&) const = default;
};

struct Site {
  std::string server_farm{};
  std::optional<SubnetRef> virtual_network_subnet{};
  std::optional<OutboundVnetRouting> outbound_vnet_routing{};
  std::optional<bool> vnet_route_all_enabled{};  // the four legacy properties
  std::optional<bool> vnet_content_share_enabled{};
  std::optional<bool> vnet_image_pull_enabled{};
  std::optional<bool> vnet_backup_restore_enabled{};
  std::map<std::string, std::string> app_settings{};
  std::optional<DnsConfiguration> dns_configuration{};
  // Unset: enabled, and disabled once a private endpoint for the site exists.
  std::optional<PublicNetworkAccess> public_network_access{};
  std::optional<Ipv4Address> inbound_ip_address{};  // of its front end, on the Internet
  std::vector<std::string> dependencies{};          // flow URLs, as written
  std::string linux_fx_version{};
  std::string subscription{};  // or empty: the lab's
  IdentityType identity = IdentityType::kNone;
  std::optional<Backup> backup{};
  SiteLogs logs{};
  int vnet_private_ports_count = 0;  // for each instance; azure-facts 9.3
  std::string location{};            // or empty: its plan's
  std::string slot_of{};  // the app whose deployment slot it is, or empty (lab/slots.hpp)
  // App settings that stay where they are when slots are swapped; of an app, for all its slots.
  std::vector<std::string> slot_setting_names{};
  bool operator==(const Site&) const = default;
};

// In place of an incarnation: the set of the plan's instances that serves, whichever it is.
inline constexpr int kServing = -1;

// Whose packets a question is about: those of one class of one instance of a site, or a machine's.
struct Sender {
  std::string site{};
  int instance = 0;
  TrafficClass traffic = TrafficClass::kApplication;
  int incarnation = kServing;
  std::string host{};  // in place of all these

  auto operator<=>(const Sender&) const = default;
  // "web/0", "web/0 image-pull"; of any incarnation; "host/vm"
  std::string to_string() const;
  // The application's. kInvalid unless `text` is SITE or SITE/INSTANCE, counted from 0 and 0 if not
  // said.
  static Result<Sender> parse(std::string_view text);
  // The same, or host/NAME; instances of an app that is called "host" are no hosts.
  static Result<Sender> parse_with_hosts(std::string_view text);
};

// An emulated machine: in a subnet, in a network on-premises, or else an Internet site.
struct Host {
  std::optional<SubnetRef> subnet{};
  std::optional<std::string> on_premises{};
  Ipv4Address ip_address{};  // or
  // of an Internet site: it answers on every address in there that nobody else owns
  // (lab/public_addresses.hpp).
  std::vector<Ipv4Prefix> address_prefixes{};
  std::vector<std::string> names{};
  std::vector<Port> listen{};
  bool enable_ip_forwarding = false;
  std::optional<Ipv4Address> masquerade{};
  // The NIC's own list, beside its subnet's.
  std::optional<std::string> network_security_group{};
  // A name in Lab::public_ip_addresses, or an address that nothing else has a name for.
  std::optional<std::string> public_ip_address{};
  std::vector<std::string> application_security_groups{};
  std::optional<DnsServer> dns_server{};
  bool stateful = false;  // with network rules it is in any case
  Named<NetworkRule> network_rules{};
  bool internet() const { return !subnet && !on_premises; }
  bool has_address() const { return address_prefixes.empty(); }
  bool operator==(const Host&) const = default;
};

// One entry of Microsoft's service tag file, IPv4 part only.
struct ServiceTag {
  std::string region{};
  AddressSet addresses{};
  bool operator==(const ServiceTag&) const = default;
};
using ServiceTags = std::map<std::string, ServiceTag>;  // keyed by the canonical name

enum class Verdict { kAllow, kDeny, kDrop, kNoRoute, kUnresolved };
enum class Path { kDirect, kVirtualNetwork };

// What an expectation wants of a flow: kAllow the packet, over TCP its answer, and at a service
// access; kDeny that no packet arrives, whatever the verdict; kForbidden a packet and the service's
// refusal; kRefused a closed port; kNoAnswer that no answer comes back.
enum class Outcome { kAllow, kDeny, kDrop, kNoRoute, kUnresolved, kForbidden, kRefused, kNoAnswer };
// What becomes of a lookup.
enum class LookupStatus { kNoError, kNxDomain, kServfail, kTimeout };

// A line of `expectations`, about a flow (`to`), a name (`resolve`) or the start of a site
// (`startup`). What is unset or empty is not checked.
struct Expectation {
  std::string from{};  // site name
  int instance = 0;
  std::string host{};  // in place of a site
  std::string to{};    // URL as written
  Outcome expect = Outcome::kAllow;
  std::optional<std::string> by{};
  std::optional<Path> via{};
  std::vector<Ipv4Prefix> source{};  // one of them
  std::string resolve{};
  std::vector<Ipv4Address> addresses{};  // of `resolve`, in any order
  std::optional<LookupStatus> status{};  // likewise, in place of addresses
  TrafficClass traffic = TrafficClass::kApplication;
  bool startup = false;
  std::optional<bool> running{};  // of `startup`: whether the site runs; `by` is the failed class
  int line = 0;                   // where it stands, for reports; no part of what it says
  bool operator==(const Expectation& other) const;
  Sender sender() const { return {from, instance, traffic, kServing, host}; }
};

// What the person who changes the lab may do: azure-facts 3.4.8.
struct RoleAssignment {
  std::string scope{};                 // "VNET", which covers its subnets, or "VNET/SUBNET"
  std::vector<std::string> actions{};  // "Microsoft.Network/virtualNetworks/read"; may end in '*'
  bool operator==(const RoleAssignment&) const = default;
};

// A property of Azure that has no effect here, with another value than Azure's default. Kept so
// that a lab which is written again says it again.
struct NotEmulated {
  std::string path{};   // "serverFarms.plan.zoneRedundant"
  std::string value{};  // JSON
  bool operator==(const NotEmulated&) const = default;
};

inline constexpr std::chrono::seconds kMaxReleaseDelay = std::chrono::hours(12);

enum class AddressAllocation { kLowest, kHighest };

struct Lab {
  std::string location = "westeurope";
  std::vector<Ipv4Address> outbound_ip_addresses{};  // empty: see outbound_addresses()
  // From which end of a delegated subnet leases are taken; Azure documents neither (3.1.4).
  AddressAllocation address_allocation = AddressAllocation::kLowest;
  Named<VirtualNetwork> virtual_networks{};
  Named<NetworkSecurityGroup> network_security_groups{};
  Named<RouteTable> route_tables{};
  Names application_security_groups{};
  Named<ServerFarm> server_farms{};
  Named<Site> sites{};  // and their deployment slots, as SITE-SLOT
  Named<Host> hosts{};
  Named<Service> services{};
  Named<PrivateEndpoint> private_endpoints{};
  Named<PrivateDnsZone> private_dns_zones{};
  PublicDns public_dns{};
  Named<Subscription> subscriptions{};
  std::string subscription{};  // of every resource that does not say; empty: the default one
  Named<PublicIpAddress> public_ip_addresses{};
  Named<NatGateway> nat_gateways{};
  Named<VirtualNetworkGateway> virtual_network_gateways{};
  Named<OnPremisesNetwork> on_premises{};
  Named<LoadBalancer> load_balancers{};
  SnatPorts snat_ports{};
  Named<Certificate> certificates{};
  std::string service_tags_file{};                    // as the lab names it, or empty
  std::shared_ptr<const ServiceTags> service_tags{};  // what it holds; null: the lab names none
  std::vector<Expectation> expectations{};
  // How long an address that an instance has left waits before somebody else gets it, on the lab's
  // clock; up to kMaxReleaseDelay (azure-facts 3.2.4).
  std::chrono::seconds release_delay{};
  std::optional<std::vector<RoleAssignment>> role_assignments{};  // unset: all is permitted
  std::optional<int> max_scale_changes_per_hour{};  // of a plan; unset: any (azure-facts 3.2.10)
  std::vector<NotEmulated> not_emulated{};
  bool operator==(const Lab& other) const;  // service tags by what they hold

  const Subnet* find(const SubnetRef& ref) const;  // null when there is none
};
bool same_service_tags(const Lab& a, const Lab& b);

// Under which addresses App Service's own source NAT shows a plan's apps: those that the plan
// lists, else those that the lab does, else the emulator's default (contract "Decided" 28).
std::vector<Ipv4Address> outbound_addresses(const Lab& lab, const ServerFarm& server_farm);
// Those of all plans and those that the lab lists, each once.
std::vector<Ipv4Address> outbound_addresses(const Lab& lab);

const std::string& location_of(const Lab& lab, const ServerFarm& server_farm);
// Of a site on a plan that is not there: the lab's.
const std::string& location_of(const Lab& lab, const Site& site);

// One virtual interface: a plan instance's place in a delegated subnet. With a site no interface
// but the address that a Windows container has beside it (azure-facts 3.2.2).
struct Integration {
  std::string server_farm{};
  int instance = 0;
  SubnetRef subnet{};
  int incarnation = 0;
  std::string site{};
  auto operator<=>(const Integration&) const = default;
};
// Who holds which address: WEBSITE_PRIVATE_IP of every integration.
using IntegrationAddresses = std::map<Integration, Ipv4Address>;

// The integrations the lab asks for, sorted: one per (plan instance, subnet some app of the plan
// uses), whatever the number of apps (azure-facts 3.2.1), and of all sets of instances.
std::vector<Integration> integrations(const Lab& lab, const Instances& instances = {});
// Whatever holds an address: the integrations, and one for each Windows container that is
// integrated and each of its instances.
std::vector<Integration> address_holders(const Lab& lab, const Instances& instances = {});

// Spellings as ARM writes them.
const char* name_of(Direction direction);            // "Inbound"
const char* name_of(Access access);                  // "Allow"
const char* name_of(SecurityRuleProtocol protocol);  // "Tcp", "*"
const char* name_of(NextHopType type);               // "VirtualAppliance"
const char* name_of(Verdict verdict);                // "Allow"
const char* name_of(Path path);                      // "virtualNetwork"
const char* name_of(Outcome outcome);                // "NoAnswer"
const char* name_of(LookupStatus status);            // "NXDOMAIN"
// "10.0.0.0/24", and of a prefix that holds one address that address.
std::string short_text(const Ipv4Prefix& prefix);

}  // namespace egress::lab

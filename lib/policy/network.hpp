// SPDX-License-Identifier: MIT
#pragma once

// The analysis of one situation: who owns which address, where each subnet's routes lead, what its
// lists decide, under which address who leaves for the Internet. `explain` walks it and `compile`
// makes kernel objects of it, and neither looks at the lab for what stands here. Never changed, so
// that threads may share it; names are resolved to indices.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/slots.hpp"
#include "policy/classifier.hpp"
#include "policy/effective_routes.hpp"
#include "policy/lanes.hpp"
#include "policy/names.hpp"
#include "policy/route_lookup.hpp"
#include "policy/security_lists.hpp"

namespace egress::policy {

using lab::Sender;

// A plan's instance.
struct WorkerKey {
  std::string server_farm{};  // as the lab spells it
  int instance = 0;
  int incarnation = 0;  // of the set that it is of (lab/instances.hpp)
  auto operator<=>(const WorkerKey&) const = default;
};

// Those of a plan, of all sets.
std::vector<WorkerKey> workers_of(const lab::Lab& lab, const lab::Instances& instances,
                                  const std::string& server_farm);

// What somebody has put on the wires of a worker by command, in place of the plan's own impairment.
struct Imposed {
  lab::Impairment impairment{};
  bool held = false;     // packets wait until they are let go one by one
  int64_t until_ms = 0;  // of the machine's clock, since the epoch; 0: until it is cleared
  bool operator==(const Imposed&) const = default;
};

// What the analysis needs: the declared lab, and beside it what the world added. A lab that has
// left the loader, with a lease for each of lab::integrations(lab, instances).
struct Situation {
  lab::Lab lab{};
  lab::IntegrationAddresses leases{};
  lab::Instances instances{};
  lab::Named<int> restarts{};  // by site; one that never was is missing
  // By site: the name servers that its network had when it started. One that is missing has
  // today's.
  lab::Named<std::vector<Ipv4Address>> dns_at_start{};
  // By site: classes in which somebody has run something, beside those that the lab asks for.
  TrafficInUse traffic{};
  // By which the things of an earlier lab were known; those that are still there keep theirs
  // (compile/numbers.hpp).
  NumberBook numbers{};
  std::map<WorkerKey, Imposed> imposed{};  // changes no verdict: the analysis does not read it
  // By sessions of gateways that are up, in place of what networks on-premises advertise.
  lab::LearnedRoutes learned{};
  bool operator==(const Situation&) const = default;
};

// A security list with the lookups that decide as it does. Subnets that see the same list share it.
struct Gate {
  std::vector<EffectiveRule> rules{};  // not empty
  Classifier classifier{};
  // Only on the way from one network to another (narrowing.hpp): the list in front of this one,
  // which has to allow, too. decide() leaves it out.
  std::shared_ptr<const Gate> before{};
  const EffectiveRule& decide(const Packet& packet) const {
    return rules[classifier.decide(packet)];
  }
};

// The effective routes of the subnets of one VNet that have the same route table, or none, and the
// same service endpoints.
struct Routing {
  explicit Routing(std::vector<EffectiveRoute> effective);

  std::vector<EffectiveRoute> routes;
  RouteLookup lookup;
  // Per route: the interface of the appliance, of the frontend or of the private endpoint, or the
  // peer's VNet.
  // kNowhere for the other next hops, and where nothing in reach has the appliance's address.
  std::vector<Index> targets{};
};

enum class InterfaceKind {
  kHost,
  kIntegration,
  kService,
  kFrontEnd,
  kPrivateEndpoint,
  kGateway,
  kFrontend,
};

// What owns an address.
struct Interface {
  InterfaceKind kind = InterfaceKind::kHost;
  // The host's, service's, site's, endpoint's or gateway's; of an integration PLAN/INSTANCE, and "
  // next" of one that has come beside another; of a frontend BALANCER/FRONTEND.
  std::string name{};
  Ipv4Address address{};    // of a host with prefixes the first that it has
  Index subnet = kNowhere;  // kNowhere on the Internet and on-premises
  Index vnet = kNowhere;
  Index on_premises = kNowhere;                    // of a kHost there
  Index gateway = kNowhere;                        // of kGateway
  Index frontend = kNowhere;                       // of kFrontend
  const lab::Host* host = nullptr;                 // of kHost
  const lab::Integration* integration = nullptr;   // of kIntegration
  const lab::Service* service = nullptr;           // of kService
  const lab::Site* site = nullptr;                 // of kFrontEnd, whose address may be unset
  const lab::PrivateEndpoint* endpoint = nullptr;  // of kPrivateEndpoint
  Index behind = kNowhere;                         // likewise: the interface of its service or site
  std::vector<Port> listen{};
  uint16_t app_port = 0;  // of kFrontEnd: on which the app's own program takes its requests
  // A storage account of the apps' own region, which sees addresses of Azure's in place of App
  // Service's (azure-facts 1.3.8).
  bool hides_outbound_addresses = false;
  // Under which it leaves its network for the Internet. Either its host, if it forwards, puts
  // `address` in place of other sources that it sends there (contract "Decided" 6), or the address
  // is the interface's own, by which it is reached from there.
  std::optional<Ipv4Address> public_address{};
  bool masquerades = false;
  // Of a host the lists of its own, beside its subnet's; null: it has none.
  std::shared_ptr<const Gate> outbound{};
  std::shared_ptr<const Gate> inbound{};
  std::shared_ptr<const Gate> platform{};
  // Of a host that is a firewall: what new flows it forwards (network_rules.hpp); null: all.
  std::shared_ptr<const Gate> network_rules{};

  bool has_lists() const { return outbound != nullptr; }
  bool is_reached_by_public_address() const { return public_address && !masquerades; }
  bool forwards() const { return host != nullptr && host->enable_ip_forwarding; }
  // It drops what it did not see begin.
  bool stateful() const { return forwards() && (host->stateful || !host->network_rules.empty()); }
};

// Whose the addresses of a prefix of the Internet are but for those in a longer one: an
// interface's, or with kNowhere nobody's (policy/internet_prefixes.hpp).
using InternetPrefixes = std::map<Ipv4Prefix, Index>;

struct Network {
  struct Subnet {
    lab::SubnetRef ref{};
    std::string name{};  // "spoke/integration"
    Index vnet = kNowhere;
    const lab::Subnet* declared = nullptr;
    bool integration = false;      // leaves to the Internet by App Service's own source NAT
    Index nat_gateway = kNowhere;  // by which it leaves there in place of all else
    std::shared_ptr<const Routing> routing{};
    std::shared_ptr<const Gate> outbound{};  // null: no list
    std::shared_ptr<const Gate> inbound{};
    // The inbound list for private endpoints, which looks at no source port (azure-facts 4.1.9);
    // null: no list, or it does not count for them.
    std::shared_ptr<const Gate> endpoints_inbound{};
    std::shared_ptr<const Gate> platform{};  // rules for the platform's tags; null: there are none
  };

  // Translates what leaves the subnets that have it for the Internet (azure-facts 7.1).
  struct NatGateway {
    std::string name{};
    Index vnet = kNowhere;
    std::vector<Ipv4Address> addresses{};  // not empty
    std::chrono::seconds idle{};           // of TCP, whose idle flows it then resets
  };

  // A prefix, and the gateway that it leads to.
  struct GatewayRoute {
    Ipv4Prefix prefix{};
    Index to = kNowhere;
  };

  // A prefix, and the networks on-premises that it leads to: not none, and of several each flow's
  // hash chooses one (equal_ways.hpp).
  struct ConnectionRoute {
    Ipv4Prefix prefix{};
    std::vector<Index> to{};  // in the order of their names
  };

  struct Gateway {
    std::string name{};
    const lab::VirtualNetworkGateway* declared = nullptr;
    Index vnet = kNowhere;
    Index interface = kNowhere;
    std::vector<ConnectionRoute> routes{};  // each prefix once, sorted
    AddressSet reaches{};                   // all of them
  };

  // An address of a load balancer, which no machine has.
  struct Frontend {
    struct Rule {
      std::string name{};
      const lab::LoadBalancingRule* declared = nullptr;
      std::vector<Index> machines{};  // of its pool, in the order of their names
    };
    std::string balancer{};
    std::string name{};
    Ipv4Address address{};
    Index interface = kNowhere;
    bool basic = false;  // the load balancer's SKU
    std::vector<Rule> rules{};
  };

  struct OnPremises {
    std::string name{};
    const lab::OnPremisesNetwork* declared = nullptr;
    std::vector<Index> gateways{};  // that have a connection with it, ExpressRoute gateways first
    AddressSet space{};             // its own prefixes, without a default route
    std::vector<GatewayRoute> return_routes{};  // by gateways; each prefix once
  };

  struct Vnet {
    std::string name{};
    const lab::VirtualNetwork* declared = nullptr;
    AddressSet space{};
    std::vector<Index> subnets{};  // in the order of their names
    std::vector<Index> hosts{};    // likewise
    std::vector<Index> integrations{};
    // Connected peers, and whether this side lets packets of others in from there.
    std::map<Index, bool> accepts_forwarded_from{};
    std::map<Index, AddressSet> own_of_peers{};  // sources that are not forwarded ones
    // By which it sends, a peer's included; what is first is preferred for equal prefixes.
    std::vector<Index> gateways{};
    // Integrations here and in connected peers, by address: nothing may connect to them (contract
    // "Decided" 10).
    std::map<Ipv4Address, Index> integrations_near{};
  };

  // A plan's instance.
  struct Worker {
    std::vector<Index> integrations{};  // in the order of their subnets' names
    Ipv4Address outbound{};             // App Service's source NAT for it
    lab::IntegrationInterface interface = lab::IntegrationInterface::kVeth;
    lab::Standing standing = lab::Standing::kServing;
    bool is_next = false;  // another set of the plan was there before, and still is
  };

  // A site's on one of those.
  struct Instance {
    WorkerKey name{};
    const Worker* worker = nullptr;
  };

  struct Site {
    const lab::Site* declared = nullptr;
    std::vector<Lane> lanes{};
    std::set<lab::TrafficClass> classes_in_use{};  // whose lanes have namespaces beside the app's
    std::vector<Ipv4Prefix> scope{};  // what the application sends into the network in any case
    AddressSet scope_addresses{};
    Index subnet = kNowhere;
    Index front_end = kNowhere;             // its interface; kNowhere: nothing leads to one
    std::vector<uint16_t> private_ports{};  // on each instance, as the app is told them
    std::vector<const Worker*> workers{};   // by instance; those that serve
    std::vector<Instance> instances{};      // on all workers of its plan; those that serve first
    int restarts = 0;

    const Lane& application() const { return lanes.front(); }
    // Null when there is none; lab::kServing for the incarnation that serves.
    const Instance* instance(int number, int incarnation) const;
    // Whether packets of the class have a namespace to be sent from.
    bool sends(lab::TrafficClass traffic) const;
    // Those of the classes in use, in their order; without the application's.
    std::vector<const Lane*> lanes_in_use() const;
    // Of a Key Vault that is asked in one attempt that one, whichever is meant.
    const Lane& lane(lab::TrafficClass traffic, bool public_attempt = false) const;
  };

  // One instance of a site, as the sender of one class of packets.
  struct App {
    Sender name{};  // as the lab spells it, with the incarnation that was asked for
    const Site* site = nullptr;
    const Lane* lane = nullptr;
    WorkerKey instance{};  // with its own incarnation
    const Worker* worker = nullptr;
    std::optional<Ipv4Address> lease{};  // WEBSITE_PRIVATE_IP of an integrated one
  };

  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  Situation situation{};
  // In the order of their names in the lab.
  std::vector<Vnet> vnets{};
  std::vector<Subnet> subnets{};
  std::vector<NatGateway> nat_gateways{};  // those that subnets have
  std::vector<Gateway> gateways{};
  std::vector<OnPremises> on_premises{};
  std::vector<Frontend> frontends{};
  // Of hosts, frontends, integrations, services, front ends, private endpoints, gateways.
  std::vector<Interface> interfaces{};
  InternetPrefixes internet_prefixes{};  // empty where no host has prefixes
  // Machines of virtual networks by the public addresses by which they are reached.
  std::map<Ipv4Address, Index> public_machines{};
  std::map<WorkerKey, Worker> workers{};
  lab::Named<Site> sites{};
  std::map<SecurityList, std::shared_ptr<const Gate>> gates{};
  std::map<SecurityList, std::shared_ptr<const Gate>> endpoint_gates{};
  // VNets, and what they reach on the Internet by a service endpoint of some subnet.
  std::set<std::pair<Index, Index>> ways{};
  EndpointAddresses endpoints{};
  std::shared_ptr<const Names> names{};  // not null; its views are in the order of `vnets`

  // Without an incarnation the instance that serves.
  std::optional<App> find(const Sender& sender, bool public_attempt = false) const;

  // The interface that owns `address` in `vnet`, or with kNowhere on the Internet; else kNowhere.
  // `vnet` may be place_of_on_premises().
  Index owner(Index vnet, Ipv4Address address) const;
  // The same, unless it is an integration's.
  Index machine_at(Index vnet, Ipv4Address address) const;
  // The integration that owns `address` in `vnet` or a connected peer, or null.
  const Interface* integration_near(Index vnet, Ipv4Address address) const;
  // Whether `to` takes a packet with this source from its peer `from` (azure-facts 6.2).
  bool peer_accepts(Index from, Index to, Ipv4Address source) const;

  // In place of a VNet's index.
  static Index place_of_on_premises(Index network) { return kNowhere - 1 - network; }

  std::unordered_map<uint64_t, Index> owners{};  // of addresses, by owner_key()
  static uint64_t owner_key(Index vnet, Ipv4Address address) {
    return uint64_t{vnet} << 32U | address.bits;
  }
};

// "web/0", and "web/0 next" of one that has come beside another.
std::string name_of(const Sender& sender, const Network::Worker& worker);

// What has not changed since `previous`, which may be null, is taken over from it.
std::shared_ptr<const Network> analyse(Situation situation, const Network* previous = nullptr);
// One that is equal, and nobody else's yet.
std::shared_ptr<Network> copy_of(const Network& network);

}  // namespace egress::policy

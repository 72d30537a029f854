// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include "lab/limits.hpp"
#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {

namespace {

ObjectSchema server_farm_schema() {
  Property sku = word("sku", integrating_or_free_sku_names(),
                      "The plan's size. Free, Shared and Consumption plans have no integration.");
  sku.default_value = ServerFarm{}.sku;
  Property capacity =
      value("capacity", Form::kInteger,
            "Instances. Each holds one address of each subnet that its apps integrate with, two "
            "subnets at most.");
  capacity.minimum = 1;
  capacity.maximum = kMaxCapacity;
  capacity.default_value = "1";
  Property interface = word("interface", words_of(integration_interfaces()),
                            "What joins its instances to their networks: a pair of links, or a "
                            "wire, which is two with a process between.");
  interface.default_value = word_for(integration_interfaces(), ServerFarm{}.interface);
  return {ObjectType::kServerFarm,
          "serverFarm",
          "An App Service plan.",
          {sku, capacity,
           list("outboundIpAddresses", Form::kAddress,
                "Addresses that App Service's own source NAT shows for the plan's apps. Left out: "
                "those of the lab."),
           subscription_property(), interface,
           object("impairment", ObjectType::kImpairment,
                  "What its wires do to packets; needs interface: tun."),
           value("location", Form::kRegion, "Its region, when it is not the lab's."),
           flag("reserved", "Linux; false is Windows.", "true"),
           flag("hyperV",
                "Windows containers: each integrated app holds an address of its own on each "
                "instance, and an instance's cores bound its apps and networks.",
                "false")}};
}

Property with_default(std::string default_value, Property property) {
  property.default_value = std::move(default_value);
  return property;
}

ObjectSchema impairment_schema() {
  const Impairment usual;
  const std::string no_time = text_of_latency(usual.latency);
  const std::string none = text_of_share(usual.loss);
  return {ObjectType::kImpairment,
          "impairment",
          "What a wire does to the packets of each direction by itself: a round trip is delayed "
          "twice.",
          {with_default(no_time, value("latency", Form::kLatency,
                                       "How long each waits: 20ms, 1.5s, up to 10s.")),
           with_default(no_time, value("jitter", Form::kLatency,
                                       "By how much more or less, drawn evenly, no more than the "
                                       "latency. Packets keep their order.")),
           with_default(none, value("loss", Form::kShare, "The share that is lost: 1%, 0.05%.")),
           with_default(none, value("duplicate", Form::kShare, "The share that comes twice.")),
           with_default(none, value("reorder", Form::kShare,
                                    "The share that does not wait, and so overtakes those that "
                                    "do; needs latency.")),
           value("rate", Form::kRate,
                 "Bits of IP packets a second: 8kbit to 100gbit, in units of 1000. Left out: any."),
           number("seed", 0, static_cast<int>(kMaxSeed),
                  "Of the draws: the n-th packet of a direction meets the same fate each time.",
                  fmt::format("{}", usual.seed))}};
}

Property app_settings_property() {
  Property settings =
      value("appSettings", Form::kText,
            "Environment variables by name, in which case counts: 32 KiB each with its name, 256 "
            "KiB together.");
  settings.many = Many::kMap;
  return settings;
}

Property runtime_property() {
  return value("linuxFxVersion", Form::kText,
               "Its runtime, as PYTHON|3.12, which tells what the app is built from; or "
               "DOCKER|[HOST/]REPOSITORY[:TAG], an image that is pulled when it starts.");
}

Property site_access_property() {
  return word("publicNetworkAccess", words_of(site_public_network_accesses()),
              "Whether its front end takes requests from the Internet. Left out: Enabled, and "
              "Disabled once a private endpoint for it exists. SecuredByPerimeter takes none, and "
              "everything that the app sends enters the virtual network.");
}

Property route_all_property() {
  return flag("vnetRouteAllEnabled", "Legacy form of applicationTraffic.");
}

Property private_ports_property() {
  return number("vnetPrivatePortsCount", 0, kMaxPrivatePorts,
                "Ports of its own, by which its instances call each other through the network: "
                "WEBSITE_PRIVATE_PORTS.",
                "0");
}

ObjectSchema site_config_schema() {
  return {ObjectType::kSiteConfig,
          "siteConfig",
          "What ARM keeps beside the properties of an app. Each may stand there or here, and has "
          "one value where it stands in both places.",
          {runtime_property(), route_all_property(), site_access_property(),
           app_settings_property(), private_ports_property()}};
}

// That a site and a slot have, but for the plan.
std::vector<Property> site_properties() {
  Property routing = value("outboundVnetRouting", Form::kObject,
                           "What enters the virtual network. Without it and the legacy flags: "
                           "RFC1918 and the network's own prefixes.");
  routing.object = ObjectType::kOutboundVnetRouting;
  Property dns =
      value("dnsConfiguration", Form::kObject, "How it asks for names, where it says so.");
  dns.object = ObjectType::kDnsConfiguration;
  return {value("virtualNetworkSubnet", Form::kSubnet,
                "The subnet to integrate with. Without one, everything leaves directly."),
          routing,
          route_all_property(),
          flag("vnetContentShareEnabled", "Legacy form of contentShareTraffic."),
          flag("vnetImagePullEnabled", "Legacy form of imagePullTraffic."),
          flag("vnetBackupRestoreEnabled", "Legacy form of backupRestoreTraffic."),
          runtime_property(),
          site_access_property(),
          value("inboundIpAddress", Form::kAddress,
                "Where its front end is reached from the Internet."),
          dns,
          app_settings_property(),
          object("siteConfig", ObjectType::kSiteConfig, "The same properties where ARM has them."),
          list("dependencies", Form::kFlowUrl,
               "What it needs: URLs as an expectation's. Commands report whether they are "
               "reached."),
          object("identity", ObjectType::kIdentity, "Its managed identity."),
          object("backup", ObjectType::kBackup, "Where its custom backups go."),
          object("logs", ObjectType::kSiteLogs, "Where its logs go."),
          private_ports_property(),
          subscription_property(),
          value("location", Form::kRegion, "Its region, when it is not its plan's.")};
}

ObjectSchema site_schema() {
  ObjectSchema site{ObjectType::kSite,
                    "site",
                    "An app.",
                    {required(value("serverFarm", Form::kText, "The plan that it runs on."))}};
  for (Property& property : site_properties()) site.properties.push_back(std::move(property));
  site.properties.push_back(object("slotConfigNames", ObjectType::kSlotConfigNames,
                                   "What stays where it is when its slots are swapped."));
  site.properties.push_back(
      map("slots", ObjectType::kSlot, label_name("a slot", 59),
          "Deployment slots by name. Each is an app of its own on the same plan, called SITE-SLOT "
          "wherever an app is named; it has nothing of the app's integration and settings."));
  return site;
}

ObjectSchema slot_config_names_schema() {
  return {ObjectType::kSlotConfigNames,
          "slotConfigNames",
          "What is a slot's own.",
          {list("appSettingNames", Form::kText, "App settings, of the app and of all its slots.")}};
}

ObjectSchema slot_schema() {
  ObjectSchema slot{ObjectType::kSlot,
                    "slot",
                    "A deployment slot.",
                    {value("serverFarm", Form::kText, "The plan of its app.")}};
  for (Property& property : site_properties()) slot.properties.push_back(std::move(property));
  return slot;
}

ObjectSchema outbound_vnet_routing_schema() {
  return {ObjectType::kOutboundVnetRouting,
          "outboundVnetRouting",
          "Traffic that enters the virtual network. A legacy flag that contradicts it is refused.",
          {flag("allTraffic", "Every class of traffic.", "false"),
           flag("applicationTraffic",
                "Every destination of what the app's own code sends; else RFC1918 and the "
                "network's own prefixes.",
                "false"),
           flag("contentShareTraffic", "The content share of the app.", "false"),
           flag("imagePullTraffic", "Container image pulls.", "false"),
           flag("backupRestoreTraffic", "Backup and restore.", "false"),
           flag("managedIdentityTraffic", "Tokens of managed identities.", "false")}};
}

ObjectSchema host_schema() {
  Property dns_server = value("dnsServer", Form::kObject, "A DNS server on port 53.");
  dns_server.object = ObjectType::kDnsServer;
  return {ObjectType::kHost,
          "host",
          "An emulated machine, in a subnet, in the Internet or on-premises.",
          {value("subnet", Form::kSubnet, "The subnet that it is in."),
           flag("internet", "True instead of a subnet: it is an Internet site."),
           value("onPremises", Form::kText, "The network on-premises that it is in."),
           value("ipAddress", Form::kAddress, "Its address."),
           list("addressPrefixes", Form::kPrefix,
                "Of an Internet site instead of an address: it answers on every public address in "
                "them that nobody else in the lab has. Of several such sites the one with the "
                "longest prefix does.",
                1, static_cast<int>(kMaxHostPrefixes)),
           list("names", Form::kText, "Names beside its own that apps and expectations may use."),
           list("listen", Form::kListen,
                "Ports that answer, tcp/PORT and udp/PORT. TCP port 80 answers HTTP with a JSON "
                "body that tells what arrived (host, local, peer, protocol); every other TCP port "
                "sends the same as one line, then echoes; tcp/443 and tcp/8443 speak HTTPS to who "
                "begins with TLS; UDP answers each datagram with it.",
                0, static_cast<int>(kMaxListen)),
           flag("enableIPForwarding", "It forwards packets: an appliance for routes.", "false"),
           value("masquerade", Form::kAddress,
                 "The public address that it shows for destinations outside RFC1918."),
           value("networkSecurityGroup", Form::kText,
                 "The security group of its network interface, beside its subnet's: both must "
                 "allow."),
           value("publicIPAddress", Form::kText,
                 "Its public address, a name in publicIPAddresses or the address itself: it leaves "
                 "for the Internet under it, and is reached by it from there."),
           list("applicationSecurityGroups", Form::kText, "Groups that it is in.", 0,
                static_cast<int>(kMaxApplicationSecurityGroupsPerHost)),
           dns_server,
           flag("stateful",
                "It drops what it did not see begin: with enableIPForwarding, and of TCP and ICMP.",
                "false"),
           map("networkRules", ObjectType::kNetworkRule, network_name("a network rule"),
               "What it forwards, by name; with one rule nothing else, and it is stateful.")},
          {{"subnet", "internet", "onPremises"}, {"ipAddress", "addressPrefixes"}}};
}

ObjectSchema expectation_schema() {
  Property expect = value("expect", Form::kExpected,
                          "Of a flow: allow wants the packet, over TCP its answer, and access at "
                          "a service; deny that no packet arrives; drop and noRoute say why; "
                          "unresolved that the name has no address; forbidden the service's "
                          "refusal; refused a closed port; noAnswer that nothing comes back. Of a "
                          "lookup: an address, a list of them, or a status. Of a start: running or "
                          "failed.");
  expect.words = words_of(outcomes());
  for (const auto& more : {words_of(lookup_statuses()), words_of(startup_outcomes())}) {
    expect.words.insert(expect.words.end(), more.begin(), more.end());
  }
  Property traffic = word("traffic", words_of(traffic_classes()), "What is sent or looked up.");
  traffic.default_value = name_of(TrafficClass::kApplication);
  return {ObjectType::kExpectation,
          "expectation",
          "A flow, a lookup or the start of an app, and what becomes of it.",
          {required(value(
               "from", Form::kInstance,
               "SITE, SITE/INSTANCE, or host/NAME for a host in a network or on the Internet.")),
           value("to", Form::kFlowUrl,
                 "tcp://HOST:PORT, udp://HOST:PORT or icmp://HOST; HOST is an address or a name "
                 "that the app resolves."),
           value("resolve", Form::kDomainName, "A name that the app looks up, instead of a flow."),
           flag("startup", "True instead of a flow: whether the app's start succeeds."),
           required(expect), traffic,
           value("by", Form::kText,
                 "The name that must decide: NSG/RULE, TABLE/ROUTE, system/PREFIX, VNET/PEERING, "
                 "privateEndpoints/NAME, serviceEndpoints/SERVICE, natGateways/NAME, "
                 "gateways/NAME, loadBalancers/NAME/RULE, loadBalancers/NAME/FRONTEND, "
                 "subscriptions/NAME, ZONE/NETWORK, tcp/25, NetBIOS, "
                 "applicationRouting, or of another class its flag, such as imagePullTraffic. Of a "
                 "start that fails: the class of traffic that fails."),
           word("via", words_of(paths()), "Whether the packet enters the virtual network."),
           one_or_list("source", Form::kPrefix,
                       "The source address that the far end must see: one, a prefix that it is "
                       "in, or a list of them.")},
          {{"to", "resolve", "startup"}}};
}

}  // namespace

std::vector<ObjectSchema> web_schemas() {
  return {server_farm_schema(),
          impairment_schema(),
          site_schema(),
          slot_schema(),
          slot_config_names_schema(),
          site_config_schema(),
          outbound_vnet_routing_schema(),
          host_schema(),
          network_rule_schema(),
          expectation_schema()};
}

}  // namespace egress::lab

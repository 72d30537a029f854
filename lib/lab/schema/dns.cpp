// SPDX-License-Identifier: MIT

#include "lab/dns_app_settings.hpp"
#include "lab/limits.hpp"
#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

Property bounded(const char* name, const NumberSetting& setting, const std::string& description) {
  return number(name, setting.least, setting.most,
                description + " Instead of the app setting " + setting.name + ".");
}

ObjectSchema private_dns_zone_schema() {
  return {ObjectType::kPrivateDnsZone,
          "privateDnsZone",
          "A private DNS zone.",
          {value("zoneName", Form::kDomainName,
                 "The zone's name, where several zones have one name; else it is the key."),
           map("virtualNetworkLinks", ObjectType::kVirtualNetworkLink,
               network_name("a virtual network", 64),
               "Links by the name of the network whose Azure DNS answers from the zone."),
           map("recordSets", ObjectType::kRecordSet,
               {"a record set", kMaxDomainName, "_.-", "_*@",
                "letters, digits, '_', '-' and '.', \"@\" for the zone's own name, a first label "
                "\"*\" for all that are not there"},
               "Records by their name in the zone.")}};
}

ObjectSchema virtual_network_link_schema() {
  Property policy = word("resolutionPolicy", words_of(resolution_policies()),
                         "What follows when the zone lacks a name. NxDomainRedirect asks public "
                         "DNS, and has an effect in privatelink zones alone.");
  policy.default_value = "Default";
  return {
      ObjectType::kVirtualNetworkLink,
      "virtualNetworkLink",
      "A link of a private DNS zone with a virtual network.",
      {flag("registrationEnabled", "Machines of the network get A records in the zone.", "false"),
       policy}};
}

ObjectSchema record_set_schema() {
  const Property ttl = number("ttl", 0, kMaxTtl, "Seconds that an answer may be kept.", "3600");
  Property mx = one_or_list("MX", Form::kObject, "Mail exchangers.");
  mx.object = ObjectType::kMxRecord;
  Property srv = one_or_list("SRV", Form::kObject, "Locations of services.");
  srv.object = ObjectType::kSrvRecord;
  return {ObjectType::kRecordSet,
          "recordSet",
          "All records of one name. A CNAME stands alone.",
          {one_or_list("A", Form::kAddress, "Addresses."),
           one_or_list("AAAA", Form::kAddress6, "IPv6 addresses, which are told and not reached."),
           value("CNAME", Form::kDomainName, "The name that this one is an alias of."),
           one_or_list("TXT", Form::kText, "Texts of at most 1,024 characters."),
           one_or_list("PTR", Form::kDomainName, "Names that an address leads back to."), mx, srv,
           ttl}};
}

ObjectSchema mx_record_schema() {
  return {ObjectType::kMxRecord,
          "mxRecord",
          "A mail exchanger.",
          {number("preference", 0, 65535, "Lower numbers first."),
           required(value("exchange", Form::kDomainName, "Its name."))}};
}

ObjectSchema srv_record_schema() {
  return {ObjectType::kSrvRecord,
          "srvRecord",
          "The location of a service.",
          {number("priority", 0, 65535, "Lower numbers first."),
           number("weight", 0, 65535, "The share among those of one priority."),
           required(number("port", 0, 65535, "Its port.")),
           required(value("target", Form::kDomainName, "The machine's name."))}};
}

NameRule full_names() {
  return {"a record set", kMaxDomainName, "_.-", "_*",
          "letters, digits, '_', '-' and '.', a first label \"*\" for all that are not there"};
}

ObjectSchema public_dns_schema() {
  return {ObjectType::kPublicDns,
          "publicDns",
          "What public DNS says beside the names that hosts, services and apps have.",
          {map("recordSets", ObjectType::kRecordSet, full_names(), "Records by full name."),
           list("forwardTo", Form::kAddress,
                "Real servers, asked from the daemon's own network, for names nothing here knows.",
                0, kMaxForwarders)}};
}

ObjectSchema dns_server_schema() {
  return {ObjectType::kDnsServer,
          "dnsServer",
          "A DNS server on port 53 of a host.",
          {list("forwardTo", Form::kAddress,
                "Servers that it asks for names it has no records of; 168.63.129.16 is Azure DNS "
                "as its virtual network sees it.",
                0, kMaxForwarders),
           map("recordSets", ObjectType::kRecordSet, full_names(), "Records by full name.")}};
}

ObjectSchema dns_configuration_schema() {
  return {
      ObjectType::kDnsConfiguration,
      "dnsConfiguration",
      "How an app asks for names. What is left out is said by app settings, and else is the "
      "default. An app without integration has no servers of its own.",
      {list("dnsServers", Form::kAddress,
            "Servers in place of the network's. Instead of the app setting "
            "WEBSITE_DNS_SERVER.",
            0, static_cast<int>(kMaxOwnDnsServers)),
       value("dnsAltServer", Form::kAddressOrEmpty,
             "A last server. Instead of the app setting WEBSITE_DNS_ALT_SERVER."),
       bounded("dnsRetryAttemptCount", kDnsAttemptsSetting, "How often all servers are asked; 5."),
       bounded("dnsRetryAttemptTimeout", kDnsTimeoutSetting, "Seconds that each attempt waits; 1."),
       bounded("dnsMaxCacheTimeout", kDnsMaxCacheTimeoutSetting,
               "Seconds that answers are kept; 30. Only with the app setting "
               "WEBSITE_ENABLE_DNS_CACHE they are kept at all.")}};
}

}  // namespace

std::vector<ObjectSchema> dns_schemas() {
  return {private_dns_zone_schema(), virtual_network_link_schema(), record_set_schema(),
          mx_record_schema(),        srv_record_schema(),           public_dns_schema(),
          dns_server_schema(),       dns_configuration_schema()};
}

}  // namespace egress::lab

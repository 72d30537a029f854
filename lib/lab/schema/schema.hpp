// SPDX-License-Identifier: MIT
#pragma once

// The description of the lab format: which properties each object has, how their values are written
// and what they mean. The reader, its suggestions and the writing of labs go by it; the JSON Schema
// and the tables of egressd-lab(5) are written from it when the project is built.

#include <string>
#include <vector>

namespace egress::lab {

enum class ObjectType {
  kLab,
  kVirtualNetwork,
  kSubnet,
  kVirtualNetworkPeering,
  kNetworkSecurityGroup,
  kSecurityRule,
  kRouteTable,
  kRoute,
  kApplicationSecurityGroup,
  kServerFarm,
  kSite,
  kSlot,
  kSlotConfigNames,
  kSiteConfig,
  kOutboundVnetRouting,
  kHost,
  kNetworkRule,
  kExpectation,
  kPrivateDnsZone,
  kVirtualNetworkLink,
  kRecordSet,
  kMxRecord,
  kSrvRecord,
  kPublicDns,
  kDnsServer,
  kDnsConfiguration,
  kService,
  kNetworkAcls,
  kPrivateEndpoint,
  kServiceEndpoint,
  kSecret,
  kSubscription,
  kPublicIpAddress,
  kNatGateway,
  kVirtualNetworkGateway,
  kGatewayConnection,
  kBgpSettings,
  kOnPremisesNetwork,
  kLoadBalancer,
  kFrontendIpConfiguration,
  kBackendAddressPool,
  kLoadBalancingRule,
  kSnatPorts,
  kIdentity,
  kBackup,
  kDatabaseBackup,
  kSiteLogs,
  kApplicationLogs,
  kBlobLogs,
  kCertificate,
  kImpairment,
  kRoleAssignment,
};

// How one value is written.
enum class Form {
  kText,             // any scalar, as it stands there
  kWord,             // one of `words`, case does not count
  kBoolean,          // without quotes
  kInteger,          // from `minimum` to `maximum`, without quotes
  kRegion,           // "westeurope", "West Europe"
  kRegionOrAny,      // a region or "*"
  kAddress,          // "10.0.0.4"
  kAddressOrEmpty,   // an address, or "" for none
  kAddress6,         // "2001:db8::1"
  kDomainName,       // "www.example.com"
  kPrefix,           // "10.0.0.0/24", or an address for the prefix of it alone
  kRange,            // "10.0.0.0/24"
  kPrefixOrAny,      // a prefix, a service tag or "*"
  kPrefixOrTag,      // a prefix with its length, or a service tag
  kFirewallAddress,  // a prefix, a range "10.0.0.4-10.0.0.9", a service tag or "*"
  kPortsOrAny,       // "443", "1000-1999" or "*"
  kPorts,            // "443", "1000-1999"; "*" where the value is not in a list
  kSubnet,           // "VNET/SUBNET"
  kListen,           // "tcp/443"
  kInstance,         // "SITE", "SITE/INSTANCE", "host/NAME"
  kFlowUrl,          // "tcp://HOST:PORT"
  kHttpsUrl,         // "https://HOST/PATH"
  kLatency,          // "20ms", from 0s to 10s (lab/impairment.hpp)
  kShare,            // "1%", from 0% to 100%
  kRate,             // "100mbit", from 8kbit to 100gbit
  kDuration,         // "12h", "1h30m", from 0s to kMaxReleaseDelay (base/duration.hpp)
  kScope,            // "VNET" or "VNET/SUBNET"
  kExpected,         // one of `words`, an address or a list of addresses
  kServiceEndpoint,  // one of `words`, or `object`
  kObject,           // `object`
};

enum class Many {
  kOne,
  kList,       // `minimum` to `maximum` values; a maximum of 0 is none
  kOneOrList,  // one value without a list, or a list
  kMap,        // by names that follow `names`
};

// Names that a map of resources has: 1 to `max_length` letters, digits and the others listed.
struct NameRule {
  std::string kind{};  // "a subnet"
  size_t max_length = 0;
  std::string inner{};  // besides letters and digits, anywhere but at the ends
  std::string ends{};   // besides letters and digits, first and last as well
  std::string words{};  // the same for people
};

struct Property {
  std::string name{};
  bool required = false;
  Form form = Form::kText;
  Many many = Many::kOne;
  ObjectType object{};
  std::vector<std::string> words{};
  NameRule names{};
  int minimum = 0;
  int maximum = 0;              // of an integer, or of a list's size; 0: none
  std::string default_value{};  // as a file writes it; empty: none
  std::string description{};    // one line, for people
};

struct ObjectSchema {
  ObjectType type{};
  std::string name{};  // of its definition in the JSON Schema
  std::string description{};
  std::vector<Property> properties{};
  // Exactly one property of each is there; a boolean one is when it is true.
  std::vector<std::vector<std::string>> alternatives{};

  const Property* find(const std::string& property) const;  // null when it has no such property
  std::vector<std::string> property_names() const;
};

// What a lab's own keys begin with that are for nobody but the file, as for anchors.
inline const std::string kExtensionPrefix = "x-";

const std::vector<ObjectSchema>& object_schemas();
const ObjectSchema& schema_of(ObjectType type);

}  // namespace egress::lab

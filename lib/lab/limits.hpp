// SPDX-License-Identifier: MIT
#pragma once

// Bounds of what the loader takes from an untrusted lab file, and numbers of the service that
// validation enforces. The file's own bounds keep memory and time small whatever it contains.

#include <cstddef>

namespace egress::lab {

inline constexpr size_t kMaxFileBytes = size_t{1} << 20U;
inline constexpr size_t kMaxServiceTagBytes = size_t{32} << 20U;
inline constexpr size_t kMaxDepth = 32;
inline constexpr size_t kMaxNodes = 200'000;               // with every alias written out, as
inline constexpr size_t kMaxTextBytes = size_t{4} << 20U;  // all keys and scalars together
inline constexpr size_t kMaxKeyLength = 256;
inline constexpr size_t kMaxFindings = 1'000;
inline constexpr size_t kMaxSuggestions = 100;  // searches for a name among all of a lab's
inline constexpr size_t kMaxQuoted = 80;        // characters of a value that a message repeats
inline constexpr size_t kMaxFileName = 1'024;   // and of a file's name

// azure-facts 4.6 and 5.1.5.
inline constexpr int kMinPriority = 100;
inline constexpr int kMaxPriority = 4096;
inline constexpr size_t kMaxDescription = 140;
inline constexpr size_t kMaxSecurityRules = 1'000;
inline constexpr size_t kMaxAddressesPerSide = 4'000;
inline constexpr size_t kMaxApplicationSecurityGroups = 3'000;
inline constexpr size_t kMaxApplicationSecurityGroupsPerSide = 10;
inline constexpr size_t kMaxApplicationSecurityGroupsPerGroup = 100;
inline constexpr size_t kMaxApplicationSecurityGroupsPerHost = 20;
inline constexpr int kMinNetworkRulePriority = 100;
inline constexpr int kMaxNetworkRulePriority = 65000;
inline constexpr size_t kMaxNetworkRules = 1'000;  // of a machine that is a firewall
inline constexpr size_t kMaxRoutes = 400;
inline constexpr size_t kMaxServiceTagRoutes = 25;
inline constexpr size_t kMaxPeerings = 500;
inline constexpr size_t kMaxDnsServers = 20;
inline constexpr size_t kMaxPrivateEndpoints = 1'000;  // of a virtual network

// Of load balancers. The kernel looks a choice up in a table of as many rows and columns as a pool
// has machines.
inline constexpr size_t kMaxFrontends = 600;
inline constexpr size_t kMaxLoadBalancingRules = 1'500;
inline constexpr size_t kMaxBackends = 16;  // of a pool

// Of private DNS zones (azure-facts 8.3) and of records (RFC 1035, section 2.3.4).
inline constexpr size_t kMaxRecordsPerSet = 20;
inline constexpr size_t kMaxTextRecord = 1'024;
inline constexpr size_t kMaxZoneLinks = 1'000;
inline constexpr size_t kMaxZoneLabels = 34;
inline constexpr size_t kMaxDomainName = 253;
inline constexpr int kMaxTtl = 2'147'483'647;
inline constexpr int kMaxForwarders = 8;

// Of NAT gateways (azure-facts 7.1) and of flow time-outs, in minutes.
inline constexpr size_t kMaxNatAddresses = 16;
inline constexpr int kMinNatPrefixLength = 28;  // the shortest prefix, of 16 addresses
inline constexpr int kMinNatIdleTimeout = 4;
inline constexpr int kMaxNatIdleTimeout = 120;
inline constexpr int kMinFlowTimeout = 4;
inline constexpr int kMaxFlowTimeout = 30;
// Of App Service's own source NAT: an address translates with its ports from 1,024 on.
inline constexpr int kPortsPerAddress = 64'512;
inline constexpr int kMaxPreallocatedPorts = 1'024;
// Private ports are 20000 to 29999, unique on an instance (azure-facts 9.3).
inline constexpr int kMaxPrivatePorts = 100;  // of a site
inline constexpr int kMaxPrivatePortsPerPlan = 10'000;
inline constexpr size_t kMaxSecretName = 127;  // Key Vault's limit

// azure-facts 3.3 and 3.4.
inline constexpr size_t kMaxIntegrationsPerPlan = 2;
inline constexpr int kMinIntegrationLength = 28;   // the longest prefix of an integration subnet
inline constexpr int kMinSharedSubnetLength = 26;  // and of one that several plans share
inline constexpr int kMinPortalSubnetLength = 27;  // and of one that is made while connecting
inline constexpr int kNetworkingUnitsPerCore = 3;
inline constexpr int kMinSubnetLength = 29;
inline constexpr int kMaxCapacity = 100;
inline constexpr int kMaxScaleChangesPerHour = 1'000;  // a limit beyond that would be none
// What Linux bounds: an environment, in which every setting stands twice, and the open files of the
// process that answers for a host.
inline constexpr size_t kMaxAppSettingBytes = size_t{32} << 10U;  // a name with its value
inline constexpr size_t kMaxAppSettingsBytes = size_t{256} << 10U;
inline constexpr size_t kMaxListen = 1'000;
inline constexpr size_t kMaxHostPrefixes = 100;  // of a host
// A worker numbers its apps in a /24 of link-local addresses.
inline constexpr size_t kMaxSitesPerPlan = 250;

}  // namespace egress::lab

// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include "lab/limits.hpp"
#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

ObjectSchema public_ip_address_schema() {
  return {ObjectType::kPublicIpAddress,
          "publicIPAddress",
          "A public IP address.",
          {required(value("ipAddress", Form::kAddress, "The address."))}};
}

ObjectSchema nat_gateway_schema() {
  Property sku = word("sku", words_of(nat_gateway_skus()), "Its SKU, which changes nothing here.");
  sku.default_value = NatGateway{}.sku;
  return {
      ObjectType::kNatGateway,
      "natGateway",
      "A NAT gateway. It has 1 to 16 addresses and serves subnets of one virtual network.",
      {list("publicIpAddresses", Form::kText, "Public IP addresses that it shows.", 0,
            static_cast<int>(kMaxNatAddresses)),
       list("publicIpPrefixes", Form::kPrefix, "Prefixes whose addresses it shows, /28 to /32."),
       number("idleTimeoutInMinutes", kMinNatIdleTimeout, kMaxNatIdleTimeout,
              "After how many minutes without a packet a TCP flow is reset.",
              fmt::format("{}", NatGateway{}.idle_timeout_in_minutes)),
       sku}};
}

ObjectSchema snat_ports_schema() {
  const SnatPorts usual;
  return {ObjectType::kSnatPorts,
          "snatPorts",
          "Ports of App Service's own source NAT, for each instance, destination and protocol.",
          {number("preallocated", 1, kMaxPreallocatedPorts, "Ports that each has for sure.",
                  fmt::format("{}", usual.preallocated)),
           number("bestEffort", 0, kPortsPerAddress, "Ports that it is given beside them.",
                  fmt::format("{}", usual.best_effort))}};
}

}  // namespace

std::vector<ObjectSchema> nat_schemas() {
  return {public_ip_address_schema(), nat_gateway_schema(), snat_ports_schema()};
}

}  // namespace egress::lab

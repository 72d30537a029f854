// SPDX-License-Identifier: MIT
#pragma once

// Labs for policy tests, written in as few words as the lab file's. Each function adds one object
// to a Lab; texts that do not parse end the test program.

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {

lab::SubnetRef subnet_ref(const std::string& text);  // "vnet/subnet"

lab::VirtualNetwork& vnet(lab::Lab& lab, const std::string& name,
                          const std::vector<std::string>& prefixes);
lab::Subnet& subnet(lab::Lab& lab, const std::string& ref, const std::string& prefix);
// Both sides of a peering, with the defaults of ARM.
void peer(lab::Lab& lab, const std::string& a, const std::string& b);

// "tcp/443" texts say where it listens.
lab::Host& host(lab::Lab& lab, const std::string& name, const std::string& subnet,
                const std::string& address, const std::vector<std::string>& listen = {});
lab::Host& internet_host(lab::Lab& lab, const std::string& name, const std::string& address,
                         const std::vector<std::string>& listen = {});
// A host that forwards.
lab::Host& appliance(lab::Lab& lab, const std::string& name, const std::string& subnet,
                     const std::string& address);

// "Microsoft.Storage/storageAccounts", on a public address.
lab::Service& service(lab::Lab& lab, const std::string& name, const std::string& type,
                      const std::string& address);
// Of `subnet` to what is called `target`.
lab::PrivateEndpoint& private_endpoint(lab::Lab& lab, const std::string& name,
                                       const std::string& subnet, const std::string& address,
                                       const std::string& target);
// A tag file of its own for the lab: by name, each with its prefixes. What stands behind the dot of
// a name is its region.
void tag_file(lab::Lab& lab, const std::map<std::string, std::vector<std::string>>& tags);

// One instance of a plan of its own, "NAME-plan"; integrated when `subnet` is not empty.
lab::Site& app(lab::Lab& lab, const std::string& name, const std::string& subnet);
void route_all(lab::Site& site);

// Leases from the fourth address of each integration subnet on.
lab::IntegrationAddresses lease_all(const lab::Lab& lab);

// The contract's example lab file, without its capacity of two.
lab::Lab example_lab();

}  // namespace egress::policy::test

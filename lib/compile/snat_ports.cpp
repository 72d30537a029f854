// SPDX-License-Identifier: MIT
#include "compile/snat_ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/special_ranges.hpp"
#include "compile/instances.hpp"
#include "compile/lanes.hpp"
#include "lab/limits.hpp"
#include "policy/outbound.hpp"

namespace egress::compile {
namespace {

constexpr uint32_t kFirstPort = 1'024;
static_assert(kFirstPort + lab::kPortsPerAddress == 65'536);

uint32_t block_size(const lab::Lab& lab) {
  return static_cast<uint32_t>(lab.snat_ports.preallocated + lab.snat_ports.best_effort);
}

uint32_t blocks_of_an_address(const lab::Lab& lab) {
  return lab::kPortsPerAddress / block_size(lab);
}

std::string book_of_blocks(Ipv4Address address) {
  return "port blocks/" + address.to_string();
}

using Addresses = std::map<policy::WorkerKey, Ipv4Address>;

Addresses addresses_of_all(const lab::Lab& lab, const lab::Instances& instances) {
  Addresses all;
  for (const auto& [name, farm] : lab.server_farms) {
    const std::vector<Ipv4Address> addresses = lab::outbound_addresses(lab, farm);
    for (const auto& worker : policy::workers_of(lab, instances, name)) {
      all[worker] = policy::outbound_address(addresses, name, worker.instance);
    }
  }
  return all;
}

Addresses addresses_of_all(const policy::Situation& situation) {
  return addresses_of_all(situation.lab, situation.instances);
}

// Nobody else has that address (lab/check/addresses.cpp).
Addresses addresses_for_key_vault(const policy::Situation& situation) {
  Addresses asking;
  for (const auto& name : workers_asking_key_vault(situation)) asking[name] = kKeyVaultAddress;
  return asking;
}

// A block for each instance in its address.
Status number_blocks(const policy::Situation& situation, const Addresses& addresses,
                     NumberBook& book) {
  std::map<Ipv4Address, std::vector<std::string>> keys;
  for (const auto& [name, address] : addresses) keys[address].push_back(instance_key(name));
  for (const auto& [address, sharing] : keys) {
    const std::string of = book_of_blocks(address);
    ASSIGN_OR_RETURN(book[of],
                     assign_slots(fmt::format("instances that share the outbound address {}",
                                              address.to_string()),
                                  sharing, 0, blocks_of_an_address(situation.lab) - 1,
                                  numbers_in(situation.numbers, of)));
  }
  return {};
}

Result<PortBlocks> blocks_of(const policy::Situation& situation, const Addresses& addresses) {
  NumberBook book;
  RETURN_IF_ERROR(number_blocks(situation, addresses, book));
  const uint32_t size = block_size(situation.lab);
  PortBlocks blocks;
  for (const auto& [name, address] : addresses) {
    const uint32_t number = book.at(book_of_blocks(address)).at(instance_key(name));
    const uint32_t first = kFirstPort + number * size;
    blocks.emplace(name, PortBlock{.first = static_cast<uint16_t>(first),
                                   .last = static_cast<uint16_t>(first + size - 1)});
  }
  return blocks;
}

// How many instances share an address, and which plan has most of them.
struct Sharers {
  uint64_t instances = 0;
  std::string largest_plan{};
  uint64_t of_largest_plan = 0;
};

// Plans with an app for which Key Vault is asked.
std::set<std::string> plans_asking_key_vault(const lab::Lab& lab,
                                             const policy::TrafficInUse& traffic) {
  std::set<std::string> plans;
  for (const auto& [name, classes] : traffic) {
    const auto site = lab.sites.find(name);
    if (site == lab.sites.end() || classes.count(lab::TrafficClass::kKeyVault) == 0) continue;
    plans.insert(site->second.server_farm);
  }
  return plans;
}

std::map<Ipv4Address, Sharers> sharers(const lab::Lab& lab, const lab::Instances& instances,
                                       const policy::TrafficInUse& traffic) {
  lab::Named<std::map<Ipv4Address, uint64_t>> by_plan;
  const std::set<std::string> asking = plans_asking_key_vault(lab, traffic);
  for (const auto& [worker, address] : addresses_of_all(lab, instances)) {
    auto& of_plan = by_plan[worker.server_farm];
    ++of_plan[address];
    if (asking.count(worker.server_farm) != 0) ++of_plan[kKeyVaultAddress];
  }
  std::map<Ipv4Address, Sharers> all;
  for (const auto& [name, of_plan] : by_plan) {
    for (const auto& [address, sharing] : of_plan) {
      Sharers& of_address = all[address];
      of_address.instances += sharing;
      if (sharing <= of_address.of_largest_plan) continue;
      of_address.largest_plan = name;
      of_address.of_largest_plan = sharing;
    }
  }
  return all;
}

}  // namespace

Result<PortBlocks> snat_ports(const policy::Network& network) {
  return blocks_of(network.situation, addresses_of_all(network.situation));
}

Result<PortBlocks> key_vault_ports(const policy::Network& network) {
  return blocks_of(network.situation, addresses_for_key_vault(network.situation));
}

Status number_port_blocks(const policy::Situation& situation, NumberBook& book) {
  RETURN_IF_ERROR(number_blocks(situation, addresses_of_all(situation), book));
  return number_blocks(situation, addresses_for_key_vault(situation), book);
}

std::vector<lab::Finding> check_snat_ports(const lab::Lab& lab, const lab::Instances& instances,
                                           const policy::TrafficInUse& traffic,
                                           const std::string& file) {
  const uint32_t room = blocks_of_an_address(lab);
  std::vector<lab::Finding> findings;
  for (const auto& [address, of_address] : sharers(lab, instances, traffic)) {
    if (of_address.instances <= room) continue;
    findings.push_back(
        {.file = file,
         .path = "serverFarms." + of_address.largest_plan,
         .code = "snat-ports",
         .message = fmt::format("{} instances share the outbound address {}, which has room for {} "
                                "blocks of {} ports",
                                of_address.instances, address.to_string(), room, block_size(lab)),
         .hint = address == kKeyVaultAddress
                     ? "the platform asks Key Vault from no other; make 'snatPorts' smaller"
                     : "list more 'outboundIpAddresses', or make 'snatPorts' smaller"});
  }
  return findings;
}

}  // namespace egress::compile

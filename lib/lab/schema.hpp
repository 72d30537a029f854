// SPDX-License-Identifier: MIT
#pragma once

// Which properties each object of a lab file has, and which words its enum-like values take: the
// one description that the reader, its suggestions and the test of the JSON Schema draw from.

#include <array>
#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::lab {

struct Property {
  std::string name{};
  bool required = false;
  std::vector<std::string> words{};  // the spellings its value can have; empty: free
};

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
  kOutboundVnetRouting,
  kHost,
  kExpectation,
};

struct ObjectSchema {
  ObjectType type{};
  std::string name{};  // of its definition in the JSON Schema
  std::vector<Property> properties{};

  const Property* find(const std::string& name) const;  // null when it has no such key
  std::vector<std::string> property_names() const;
};

const std::vector<ObjectSchema>& object_schemas();
const ObjectSchema& schema_of(ObjectType type);

// A value of an enum and the word for it, in ARM's spelling.
template <typename T>
struct Spelling {
  std::string word{};
  T value{};
};

const std::vector<Spelling<Direction>>& directions();
const std::vector<Spelling<Access>>& accesses();
const std::vector<Spelling<SecurityRuleProtocol>>& protocols();
const std::vector<Spelling<NextHopType>>& next_hop_types();
const std::vector<Spelling<AddressAllocation>>& address_allocations();
const std::vector<Spelling<Verdict>>& verdicts();
const std::vector<Spelling<Path>>& paths();

template <typename T>
std::vector<std::string> words_of(const std::vector<Spelling<T>>& spellings) {
  std::vector<std::string> words;
  for (const Spelling<T>& spelling : spellings) words.push_back(spelling.word);
  return words;
}

// A pricing tier of App Service; only some have regional integration (azure-facts 3.3.5).
struct Sku {
  std::string name{};
  std::string tier{};
  bool integrates = true;
};
const std::vector<Sku>& skus();
const Sku* find_sku(const std::string& name);  // case does not count; null: unknown

// Names of service endpoints (azure-facts 1.4.1) and the delegation of an integration subnet.
const std::vector<std::string>& service_endpoint_names();
inline constexpr const char* kServerFarmsDelegation = "Microsoft.Web/serverFarms";

// Maps that the lab file's format reserves and that nothing emulates.
const std::vector<std::string>& reserved_keys();

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#pragma once

// A lab taken apart into the words of its file; document.hpp gives it out. Each object is taken
// apart into all its fields: a new one does not compile until it is written.

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lab/document.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {

class Writer {
 public:
  explicit Writer(const Lab& lab) : lab_(lab) {}

  Document write() const;
  Document write(const Impairment& impairment) const { return json_of(impairment); }

 private:
  using Field = std::pair<std::string, Document>;

  // A property's value is null when it is unset, or an empty list or map: then it is left out.
  template <typename T>
  Field field(std::string property, const T& value) const {
    return {std::move(property), json_of(value)};
  }
  template <typename... Fields>
  static void put(Document& json, Fields... fields) {
    const auto add = [&json](Field field) {
      if (!field.second.is_null()) json[field.first] = std::move(field.second);
    };
    (add(std::move(fields)), ...);
  }
  template <typename... Fields>
  static Document object(Fields... fields) {
    Document json = Document::object();
    put(json, std::move(fields)...);
    return json;
  }
  // What a file need not say.
  template <typename T>
  static std::optional<T> unless(const T& usual, const T& value) {
    return value == usual ? std::nullopt : std::optional(value);
  }
  static std::optional<bool> if_true(bool value) { return unless(false, value); }
  static std::optional<std::string> if_any(const std::string& text) {
    return unless(std::string{}, text);
  }
  template <typename T>
  static std::optional<std::string> word_unless(const std::vector<Spelling<T>>& spellings, T usual,
                                                T value) {
    return value == usual ? std::nullopt : std::optional(word_for(spellings, value));
  }

  static Document json_of(const std::string& text) { return text; }
  static Document json_of(bool value) { return value; }
  static Document json_of(int value) { return value; }
  template <typename T>
  static auto json_of(const T& value) -> decltype(Document(value.to_string())) {
    return value.to_string();
  }
  template <typename T>
  static auto json_of(T value) -> decltype(Document(name_of(value))) {
    return name_of(value);
  }
  static Document json_of(const Interval<uint16_t>& ports) {
    return ports.first == ports.last ? fmt::format("{}", ports.first)
                                     : fmt::format("{}-{}", ports.first, ports.last);
  }
  template <typename T>
  Document json_of(const std::optional<T>& value) const {
    return value ? json_of(*value) : Document();
  }
  template <typename T>
  Document json_of(const std::vector<T>& values) const {
    Document json;
    for (const T& value : values) json.push_back(json_of(value));
    return json;
  }
  // Names are distinct: they need no search, which is linear in objects that keep an order.
  template <typename T, typename Less>
  Document json_of(const std::map<std::string, T, Less>& values) const {
    Document::object_t json;
    for (const auto& [name, value] : values) json.emplace_back(name, json_of(value));
    return json.empty() ? Document() : Document(std::move(json));
  }
  static Document json_of(const Names& names) {
    Document::object_t json;
    for (const std::string& name : names) json.emplace_back(name, Document::object());
    return json.empty() ? Document() : Document(std::move(json));
  }

  Document json_of(const RoleAssignment& assignment) const;
  Document assignments(const std::optional<std::vector<RoleAssignment>>& assignments) const;

  Document json_of(const VirtualNetwork& vnet) const;
  Document json_of(const Subnet& subnet) const;
  Document json_of(const ServiceEndpoint& endpoint) const;
  Document json_of(const VirtualNetworkPeering& peering) const;

  Document json_of(const NetworkSecurityGroup& group) const;
  Document json_of(const SecurityRule& rule) const;
  void put_side(Document& json, const std::string& side, const AddressMatch& match,
                const PortSet& ports) const;
  Document json_of(const RouteTable& table) const;
  Document json_of(const Route& route) const;

  Document json_of(const ServerFarm& farm) const;
  Document json_of(const Impairment& impairment) const;
  // Slots stand in their apps.
  Document json_of(const Named<Site>& sites) const;
  Document json_of(const Site& site) const;
  Document json_of(const OutboundVnetRouting& routing) const;
  Document json_of(const Host& host) const;
  Document json_of(const NetworkRule& rule) const;
  Document json_of(const Expectation& expectation) const;

  Document json_of(const Named<PrivateDnsZone>& zones) const;
  Document json_of(const VirtualNetworkLink& link) const;
  Document json_of(const RecordSet& set) const;
  Document json_of(const MxRecord& record) const;
  Document json_of(const SrvRecord& record) const;
  Document json_of(const PublicDns& dns) const;
  Document json_of(const DnsServer& server) const;
  Document json_of(const DnsConfiguration& configuration) const;

  Document json_of(const Service& service) const;
  Document json_of(const NetworkAcls& acls) const;
  Document json_of(const PrivateEndpoint& endpoint) const;
  Document json_of(const Secret& secret) const;

  Document json_of(const Subscription& subscription) const;
  Document json_of(const PublicIpAddress& address) const;
  Document json_of(const NatGateway& gateway) const;
  Document json_of(const BgpSettings& settings) const;
  Document json_of(const GatewayConnection& connection) const;
  Document json_of(const VirtualNetworkGateway& gateway) const;
  Document json_of(const OnPremisesNetwork& network) const;
  Document json_of(const LoadBalancer& balancer) const;
  Document json_of(const FrontendIpConfiguration& frontend) const;
  Document json_of(const BackendAddressPool& pool) const;
  Document json_of(const LoadBalancingRule& rule) const;
  Document prefixes(const std::optional<std::vector<Ipv4Prefix>>& prefixes) const;
  Document json_of(const SnatPorts& ports) const;
  Document json_of(const Certificate& certificate) const;

  // Null where a site says nothing of it.
  Document json_of(IdentityType identity) const;
  Document json_of(const Backup& backup) const;
  Document json_of(const DatabaseBackup& database) const;
  Document json_of(const SiteLogs& logs) const;
  Document json_of(const BlobLogs& logs) const;

  const Lab& lab_;
};

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#include "settings/situation_text.hpp"

#include <algorithm>

#include "base/number.hpp"
#include "lab/document.hpp"
#include "policy/numbers.hpp"
#include "settings/record_sets_text.hpp"

namespace egress::settings {
namespace {

constexpr int kLastClass = static_cast<int>(lab::TrafficClass::kKeyVault);

// Intervals as "FIRST-LAST FIRST-LAST …": files of service tags have a hundred thousand of them.
std::string text_of(const AddressSet& addresses) {
  std::string text;
  for (const Interval<uint32_t>& interval : addresses.intervals()) {
    if (!text.empty()) text += ' ';
    text += std::to_string(interval.first) + '-' + std::to_string(interval.last);
  }
  return text;
}

uint32_t read_bits(std::string_view text) {
  const auto bits = parse_number<uint32_t>(text);
  if (!bits) throw Unreadable("'" + std::string(text) + "' is no address");
  return *bits;
}

AddressSet read_set(std::string_view text) {
  std::vector<Interval<uint32_t>> intervals;
  while (!text.empty()) {
    const std::string_view each = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(each.size() + 1, text.size()));
    const size_t dash = each.find('-');
    if (dash == std::string_view::npos) throw Unreadable("an interval has two ends");
    const Interval<uint32_t> interval{read_bits(each.substr(0, dash)),
                                      read_bits(each.substr(dash + 1))};
    if (interval.first > interval.last) throw Unreadable("an interval ends before it begins");
    intervals.push_back(interval);
  }
  return AddressSet(std::move(intervals));
}

Json tags_json(const lab::ServiceTags* tags) {
  if (tags == nullptr) return nullptr;
  Json json = Json::array();
  for (const auto& [name, tag] : *tags) {
    json.push_back({name, tag.region, text_of(tag.addresses)});
  }
  return json;
}

std::shared_ptr<const lab::ServiceTags> read_tags(const Json& json) {
  if (json.is_null()) return nullptr;
  auto tags = std::make_shared<lab::ServiceTags>();
  for (const Json& each : json) {
    const std::string addresses = each.at(2);
    (*tags)[each.at(0)] = {.region = each.at(1), .addresses = read_set(addresses)};
  }
  return tags;
}

Json leases_json(const lab::IntegrationAddresses& leases) {
  Json json = Json::array();
  for (const auto& [integration, address] : leases) {
    json.push_back({integration.server_farm, integration.instance, integration.subnet.vnet,
                    integration.subnet.subnet, address.to_string()});
    if (integration.incarnation > 0) json.back().push_back(integration.incarnation);
  }
  return json;
}

lab::IntegrationAddresses read_leases(const Json& json) {
  lab::IntegrationAddresses leases;
  for (const Json& each : json) {
    const auto address = Ipv4Address::parse(each.at(4).get_ref<const std::string&>());
    if (!address.ok()) throw Unreadable(address.error().message);
    const int incarnation = each.size() > 5 ? each.at(5).get<int>() : 0;
    leases[{each.at(0), each.at(1), {each.at(2), each.at(3)}, incarnation}] = *address;
  }
  return leases;
}

Json instances_json(const lab::Instances& instances) {
  Json json = Json::array();
  for (const auto& [server_farm, plan] : instances) {
    Json row{server_farm, plan.incarnation};
    if (const auto& outgoing = plan.outgoing) {
      row.push_back({outgoing->capacity, outgoing->serve, outgoing->sku});
    }
    json.push_back(std::move(row));
  }
  return json;
}

// A situation says nothing of them where every plan has its first ones.
lab::Instances read_instances(const Json& json) {
  lab::Instances instances;
  if (!json.contains("instances")) return instances;
  for (const Json& each : json.at("instances")) {
    lab::PlanInstances& plan = instances[each.at(0)];
    plan.incarnation = each.at(1);
    if (each.size() <= 2) continue;
    const Json& outgoing = each.at(2);
    plan.outgoing = {.capacity = outgoing.at(0), .serve = outgoing.at(1), .sku = outgoing.at(2)};
  }
  return instances;
}

Json dns_json(const lab::Named<std::vector<Ipv4Address>>& servers_of) {
  Json json = Json::array();
  for (const auto& [site, servers] : servers_of) json.push_back({site, to_json(servers)});
  return json;
}

lab::Named<std::vector<Ipv4Address>> read_dns(const Json& json) {
  lab::Named<std::vector<Ipv4Address>> servers_of;
  for (const Json& each : json) servers_of[each.at(0)] = read_addresses(each.at(1));
  return servers_of;
}

Json traffic_json(const policy::TrafficInUse& traffic) {
  Json json = Json::array();
  for (const auto& [site, classes] : traffic) {
    Json numbers = Json::array();
    for (const lab::TrafficClass each : classes) numbers.push_back(static_cast<int>(each));
    json.push_back({site, std::move(numbers)});
  }
  return json;
}

policy::TrafficInUse read_traffic(const Json& json) {
  policy::TrafficInUse traffic;
  for (const Json& each : json) {
    auto& classes = traffic[each.at(0)];
    for (const Json& number : each.at(1)) {
      classes.insert(number_of<lab::TrafficClass>(number, kLastClass));
    }
  }
  return traffic;
}

Json learned_json(const lab::LearnedRoutes& learned) {
  Json json = Json::array();
  for (const auto& [gateway, sessions] : learned) {
    for (const auto& [network, prefixes] : sessions) {
      Json brought = Json::array();
      for (const LearnedPrefix& each : prefixes) {
        brought.push_back({each.prefix.to_string(), each.as_path_length});
      }
      json.push_back({gateway, network, std::move(brought)});
    }
  }
  return json;
}

// A situation says nothing of them where no session is up.
lab::LearnedRoutes read_learned(const Json& json) {
  lab::LearnedRoutes learned;
  if (!json.contains("learned")) return learned;
  for (const Json& each : json.at("learned")) {
    auto& prefixes = learned[each.at(0)][each.at(1)];
    for (const Json& brought : each.at(2)) {
      const auto prefix = Ipv4Prefix::parse(brought.at(0).get_ref<const std::string&>());
      if (!prefix.ok()) throw Unreadable(prefix.error().message);
      prefixes.push_back({*prefix, brought.at(1).get<uint32_t>()});
    }
  }
  return learned;
}

lab::Named<int> read_restarts(const Json& json) {
  lab::Named<int> restarts;
  for (const Json& each : json) restarts[each.at(0)] = each.at(1);
  return restarts;
}

Json numbers_json(const NumberBook& book) {
  Json json = Json::array();
  for (const auto& [kind, numbers] : book) {
    Json of_kind = Json::array();
    for (const auto& [holder, number] : numbers) of_kind.push_back({holder, number});
    json.push_back({kind, std::move(of_kind)});
  }
  return json;
}

NumberBook read_numbers(const Json& json) {
  NumberBook book;
  for (const Json& each : json) {
    Numbers& numbers = book[each.at(0)];
    for (const Json& row : each.at(1)) numbers[row.at(0)] = row.at(1);
  }
  return book;
}

lab::Lab read_lab(const Json& json, std::shared_ptr<const lab::ServiceTags> tags) {
  auto lab = lab::lab_of(json, std::move(tags));
  if (!lab.ok()) throw Unreadable(lab.error().to_string());
  return *std::move(lab);
}

}  // namespace

std::string to_text(const policy::Situation& situation) {
  Json restarts = Json::array();
  for (const auto& [site, count] : situation.restarts) restarts.push_back({site, count});
  Json json{{"lab", lab::document_of(situation.lab)},
            {"serviceTags", tags_json(situation.lab.service_tags.get())},
            {"leases", leases_json(situation.leases)},
            {"restarts", std::move(restarts)},
            {"dnsAtStart", dns_json(situation.dns_at_start)},
            {"traffic", traffic_json(situation.traffic)},
            {"numbers", numbers_json(policy::numbers(situation))}};
  if (!situation.instances.empty()) json["instances"] = instances_json(situation.instances);
  if (!situation.learned.empty()) json["learned"] = learned_json(situation.learned);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<policy::Situation> parse_situation(const std::string& text) {
  return parse_json(text, "situation of a lab", [](const Json& json) {
    policy::Situation situation{.lab = read_lab(json.at("lab"), read_tags(json.at("serviceTags"))),
                                .leases = read_leases(json.at("leases")),
                                .instances = read_instances(json),
                                .restarts = read_restarts(json.at("restarts")),
                                .dns_at_start = read_dns(json.at("dnsAtStart")),
                                .traffic = read_traffic(json.at("traffic")),
                                .numbers = read_numbers(json.at("numbers")),
                                .learned = read_learned(json)};
    for (const lab::Integration& wanted : lab::integrations(situation.lab, situation.instances)) {
      if (situation.leases.count(wanted) == 0) {
        throw Unreadable(wanted.server_farm + " has no lease in " + wanted.subnet.to_string());
      }
    }
    return situation;
  });
}

}  // namespace egress::settings

// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "control/json.hpp"
#include "control/json/values.hpp"
#include "control/messages.hpp"

namespace egress::control {

namespace {

// Of a text that our own documents gave.
Json value_of(const std::optional<std::string>& json) {
  return json ? Json::parse(*json, nullptr, false) : Json(nullptr);
}

Json property_json(const std::string& name, const std::optional<std::string>& before,
                   const std::optional<std::string>& after) {
  return {{"name", name}, {"before", value_of(before)}, {"after", value_of(after)}};
}

Json change_json(const inspect::ResourceChange& change) {
  const auto property = [](const inspect::PropertyChange& each) {
    return property_json(each.name, each.before, each.after);
  };
  return {{"verb", change.verb},
          {"kind", change.kind},
          {"name", change.name},
          {"properties", array_of(change.properties, property)}};
}

Json refusal_json(const lifecycle::Refusal& refusal) {
  return {{"code", refusal.code},
          {"message", refusal.message},
          {"path", refusal.path},
          {"hint", refusal.hint}};
}

Json undone_json(const lifecycle::Undone& undone) {
  const auto property = [](const lab::Difference& each) {
    return property_json(each.path, each.before, each.after);
  };
  return {{"operation", undone.operation},
          {"at", time_text(undone.at)},
          {"properties", array_of(undone.changes, property)}};
}

Json size_json(const std::string& sku, int capacity) {
  return {{"sku", sku}, {"capacity", capacity}};
}

Json links_json(const std::set<lifecycle::OrphanedLink>& links) {
  Json array = Json::array();
  for (const lifecycle::OrphanedLink& link : links) {
    array.push_back({{"subnet", link.subnet.to_string()},
                     {"serverFarm", link.server_farm},
                     {"site", link.site}});
  }
  return array;
}

// "plan/0", of a Windows container's own address "plan/0 web".
std::string holder_text(const lab::Integration& holder) {
  const std::string instance = fmt::format("{}/{}", holder.server_farm, holder.instance);
  return holder.site.empty() ? instance : instance + " " + holder.site;
}

Json address_json(const ipam::Lease& lease) {
  return {{"subnet", lease.holder.subnet.to_string()},
          {"address", lease.address.to_string()},
          {"holder", holder_text(lease.holder)}};
}

Json addresses_json(const inspect::AddressChanges& changes) {
  const auto released_json = [](const ipam::Lease& lease) {
    Json json = address_json(lease);
    json["at"] = lease.release_at ? Json(time_text(*lease.release_at)) : Json(nullptr);
    return json;
  };
  return {{"taken", array_of(changes.taken, address_json)},
          {"released", array_of(changes.released, released_json)}};
}

}  // namespace

Json scaling_json(const lifecycle::Scaling& scaling) {
  return {{"serverFarm", scaling.server_farm},
          {"from", size_json(scaling.sku_before, scaling.capacity_before)},
          {"to", size_json(scaling.sku, scaling.capacity)}};
}

Json effects_json(const lifecycle::Effects& effects) {
  return {{"restarts", effects.restarts},
          {"scalings", array_of(effects.scalings, scaling_json)},
          {"leftBehind", links_json(effects.left_behind)},
          {"takenAway", links_json(effects.taken_away)}};
}

Json to_json(const Plan& plan) {
  Json effects = effects_json(plan.effects);
  effects["addresses"] = addresses_json(plan.addresses);
  return {{"resources", array_of(plan.resources, change_json)},
          {"refusals", array_of(plan.refusals, refusal_json)},
          {"effects", effects},
          {"undoes", array_of(plan.undoes, undone_json)},
          {"operations", plan.operations},
          {"findings", to_json(plan.findings)},
          {"warnings", warnings_json(plan.findings)}};
}

Json to_json(const LabExport& exported) {
  Json json = to_json(exported.text);
  json["version"] = exported.version;
  return json;
}

}  // namespace egress::control

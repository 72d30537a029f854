// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "lab/azure_texts.hpp"
#include "lab/document.hpp"
#include "lab/key_path.hpp"
#include "lab/resource_kinds.hpp"
#include "lab/schema/tolerated.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/slots.hpp"
#include "lab/suggest.hpp"
#include "lifecycle/companions.hpp"
#include "lifecycle/rules.hpp"
#include "lifecycle/swap.hpp"

namespace egress::lifecycle {
namespace {

using lab::Document;
using lab::KeyPlace;
using lab::Lab;
using lab::SubnetRef;
using Verb = lab::Edit::Verb;

Error absent(const std::string& kind, const std::string& name, const lab::Nearest& near) {
  std::string message = fmt::format("the lab has no {} '{}'", kind, lab::shown(name));
  if (const std::string hint = near.hint(); !hint.empty()) message += "; " + hint;
  return {.code = Errc::kNotFound, .message = std::move(message)};
}

// The name as the lab spells it.
template <typename T>
Result<std::string> spelled(const std::string& kind, const std::string& name,
                            const lab::Named<T>& named) {
  const auto found = named.find(name);
  if (found != named.end()) return found->first;
  lab::Nearest near(name);
  for (const auto& [known, value] : named) near.consider(known);
  return absent(kind, name, near);
}

Error nothing_at(const std::string& path) {
  return {.code = Errc::kNotFound,
          .message = fmt::format("nothing stands at '{}'", lab::shown(path))};
}

Status put(std::string path, const Document& value, Edits& edits) {
  ASSIGN_OR_RETURN(std::string text, lab::text_of(value, -1));
  edits.edits.push_back({Verb::kPut, std::move(path), std::move(text)});
  return {};
}

Result<Edits> edits(const Scale& scale, const Lab& lab) {
  if (!scale.capacity && !scale.sku) {
    return Error{.code = Errc::kInvalid, .message = "scale takes a capacity, a SKU or both"};
  }
  ASSIGN_OR_RETURN(const std::string name,
                   spelled("serverFarm", scale.server_farm, lab.server_farms));
  const lab::ServerFarm& farm = lab.server_farms.at(name);
  const std::string path = "serverFarms." + name;
  Edits edits;
  if (scale.sku && !lab::equal_ignoring_case(*scale.sku, farm.sku)) {
    RETURN_IF_ERROR(put(path + ".sku", *scale.sku, edits));
  }
  if (scale.capacity && *scale.capacity != farm.capacity) {
    RETURN_IF_ERROR(put(path + ".capacity", *scale.capacity, edits));
    delete_expectations_beyond(name, *scale.capacity, lab, edits);
  }
  return edits;
}

Status create_subnet(const SubnetRef& ref, const Ipv4Prefix& prefix, Edits& edits) {
  // A patch of the network tells a new name with dots from the path into a subnet.
  Document subnet = {{"addressPrefixes", {prefix.to_string()}},
                     {"delegations", {lab::kServerFarmsDelegation}}};
  const Document network = {{"subnets", {{ref.subnet, std::move(subnet)}}}};
  ASSIGN_OR_RETURN(std::string text, lab::text_of(network, -1));
  edits.edits.push_back({Verb::kPatch, "virtualNetworks." + ref.vnet, std::move(text)});
  return {};
}

// As the portal and the CLI do.
Status delegate(const SubnetRef& ref, Edits& edits) {
  edits.notes.push_back(
      fmt::format("delegated '{}' to {}", ref.to_string(), lab::kServerFarmsDelegation));
  return put(path_of(ref) + ".delegations", Document::array({lab::kServerFarmsDelegation}), edits);
}

Result<Edits> edits(const Connect& connect, const Lab& lab) {
  ASSIGN_OR_RETURN(const std::string site, spelled("site", connect.site, lab.sites));
  ASSIGN_OR_RETURN(const std::string vnet,
                   spelled("virtualNetwork", connect.subnet.vnet, lab.virtual_networks));
  const auto& subnets = lab.virtual_networks.at(vnet).subnets;
  SubnetRef ref{vnet, connect.subnet.subnet};
  Edits edits;
  if (!connect.create) {
    ASSIGN_OR_RETURN(ref.subnet, spelled("subnet", ref.subnet, subnets));
    if (subnets.at(ref.subnet).delegations.empty()) RETURN_IF_ERROR(delegate(ref, edits));
  } else if (subnets.contains(ref.subnet)) {
    return Error{.code = Errc::kExists,
                 .message = fmt::format("subnet '{}' is there already: connect without creating it",
                                        ref.to_string())};
  } else {
    RETURN_IF_ERROR(create_subnet(ref, *connect.create, edits));
  }
  if (!is_in(lab.sites.at(site).virtual_network_subnet, ref)) {
    RETURN_IF_ERROR(
        put(lab::path_of_site(lab, site) + ".virtualNetworkSubnet", ref.to_string(), edits));
  }
  return edits;
}

Result<Edits> edits(const Disconnect& disconnect, const Lab& lab) {
  ASSIGN_OR_RETURN(const std::string site, spelled("site", disconnect.site, lab.sites));
  Edits edits;
  if (lab.sites.at(site).virtual_network_subnet) {
    edits.edits.push_back(
        {Verb::kDelete, lab::path_of_site(lab, site) + ".virtualNetworkSubnet", {}});
  }
  return edits;
}

// Whether a name in a map of resources is what the path leads to.
bool is_resource(const KeyPlace& place) {
  return place.object == nullptr && place.property != nullptr &&
         place.property->many == lab::Many::kMap && place.property->form == lab::Form::kObject;
}

Edits removal(const KeyPlace& place, const std::string& path, const Lab& lab) {
  Edits edits;
  // First: lines of lists and what else goes are at their places still.
  if (is_resource(place)) delete_companions(place.keys, lab, edits);
  edits.edits.push_back({Verb::kDelete, path, {}});
  return edits;
}

lab::Nearest nearest_name(const std::string& name, const Document& document,
                          const KeyPlace& place) {
  lab::Nearest near(name);
  const auto map = place.at.parent_pointer();
  if (!document.contains(map) || !document.at(map).is_object()) return near;
  for (const auto& [known, value] : document.at(map).items()) near.consider(known);
  return near;
}

Result<Edits> edits(const Delete& deletion, const Lab& lab) {
  ASSIGN_OR_RETURN(const std::string named, lab::path_of(deletion.kind, deletion.name));
  const std::string path = lab::document_path(lab, named);
  const Document document = lab::document_of(lab);
  const KeyPlace place = lab::place_at(document, path);
  if (place.value != nullptr && is_resource(place)) return removal(place, path, lab);
  const std::string last = deletion.name.substr(deletion.name.rfind('/') + 1);
  return absent(deletion.kind, deletion.name, nearest_name(last, document, place));
}

// What ARM keeps in siteConfig is the site's or slot's own here:
// "sites.web.siteConfig.appSettings.X" is "sites.web.appSettings.X".
std::string own_path(const std::string& named, const Lab& lab) {
  constexpr std::string_view kSites = "sites.";
  constexpr std::string_view kSlots = ".slots.";
  constexpr std::string_view kSiteConfig = ".siteConfig.";
  const std::string path = lab::document_path(lab, named);
  size_t end = path.starts_with(kSites) ? path.find('.', kSites.size()) : std::string::npos;
  if (end != std::string::npos && path.compare(end, kSlots.size(), kSlots) == 0) {
    end = path.find('.', end + kSlots.size());
  }
  if (end == std::string::npos || path.compare(end, kSiteConfig.size(), kSiteConfig) != 0) {
    return path;
  }
  const std::string property = path.substr(end + kSiteConfig.size());
  const auto& site = lab::schema_of(lab::ObjectType::kSite);
  if (site.find(property.substr(0, property.find_first_of(".["))) == nullptr) return path;
  return path.substr(0, end + 1) + property;
}

// A path into a resource that is not there would read as a new one with dots in its name.
Status check_resources(const KeyPlace& place, const Document& document) {
  if (place.value != nullptr || !is_resource(place)) return {};
  const std::string& rest = place.keys.back();
  for (size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.', dot + 1)) {
    const std::string property = rest.substr(dot + 1, rest.find_first_of(".[", dot + 1) - dot - 1);
    const lab::ObjectType type = place.property->object;
    const auto& schema = lab::schema_of(type);
    if (schema.find(property) == nullptr && lab::find_tolerated(type, property) == nullptr)
      continue;
    const std::string name = rest.substr(0, dot);
    return absent(schema.name, name, nearest_name(name, document, place));
  }
  return {};
}

// The other forms of what is set: exactly one of them is there.
void delete_other_forms(const KeyPlace& place, const std::string& path, const Document& document,
                        Edits& edits) {
  if (place.object == nullptr) return;
  const std::string& key = place.keys.back();
  for (const std::vector<std::string>& forms : place.object->alternatives) {
    if (std::find(forms.begin(), forms.end(), key) == forms.end()) continue;
    for (const std::string& form : forms) {
      if (form == key || !document.contains(place.at.parent_pointer() / form)) continue;
      edits.edits.push_back({Verb::kDelete, path.substr(0, path.size() - key.size()) + form, {}});
    }
  }
}

Result<Edits> edits(const Set& set, const Lab& lab) {
  const std::string path = own_path(set.path, lab);
  const Document document = lab::document_of(lab);
  const KeyPlace place = lab::place_at(document, path);
  if (place.keys.empty()) {
    return Error{.code = Errc::kInvalid, .message = "set takes the path of a property"};
  }
  RETURN_IF_ERROR(check_resources(place, document));
  Edits edits;
  delete_other_forms(place, path, document, edits);
  edits.edits.push_back({Verb::kPut, path, set.value});
  return edits;
}

Result<Edits> edits(const Unset& unset, const Lab& lab) {
  const std::string path = own_path(unset.path, lab);
  const Document document = lab::document_of(lab);
  const KeyPlace place = lab::place_at(document, path);
  if (place.keys.empty()) {
    return Error{.code = Errc::kInvalid, .message = "unset takes the path of a property"};
  }
  if (place.value != nullptr) return removal(place, path, lab);
  RETURN_IF_ERROR(check_resources(place, document));
  if (place.object != nullptr && place.property != nullptr) return Edits{};
  if (place.object == nullptr) return nothing_at(path);
  const std::string hint = lab::suggestion(place.keys.back(), place.object->property_names());
  Error unknown = nothing_at(path);
  if (!hint.empty()) unknown.message += "; " + hint;
  return unknown;
}

Result<Edits> edits(const Swap& swap, const Lab& lab) {
  ASSIGN_OR_RETURN(const std::string app, spelled("site", swap.site, lab.sites));
  lab::Nearest near(swap.slot);
  for (const auto& [name, site] : lab.sites) {
    if (site.slot_of != app) continue;
    const std::string slot = lab::slot_name(name, site);
    if (lab::equal_ignoring_case(slot, swap.slot)) return edits_of_swap(lab, app, name);
    near.consider(slot);
  }
  return absent("slot", app + "/" + swap.slot, near);
}

Result<Edits> edits(const Purge& purge, const Lab& lab) {
  ASSIGN_OR_RETURN(const std::string vnet,
                   spelled("virtualNetwork", purge.subnet.vnet, lab.virtual_networks));
  const auto& subnets = lab.virtual_networks.at(vnet).subnets;
  if (const auto subnet = spelled("subnet", purge.subnet.subnet, subnets); !subnet.ok()) {
    return subnet.error();
  }
  return Edits{.notes = {lab::kPurged}};
}

}  // namespace

Result<Edits> edits_of(const Operation& operation, const Lab& in_force) {
  return std::visit([&](const auto& one) { return edits(one, in_force); }, operation);
}

}  // namespace egress::lifecycle

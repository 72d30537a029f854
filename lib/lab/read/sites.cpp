// SPDX-License-Identifier: MIT

// Sites with their deployment slots (lab/slots.hpp).

#include <algorithm>

#include "lab/read/resources.hpp"
#include "lab/slots.hpp"

namespace egress::lab {
namespace {

// A site that the file declares, by its own name or as a slot.
struct Declared {
  std::string name{};
  std::string text{};  // "site 'web'", "slot 'staging' of site 'web'"
  Value place{};
  Site site{};
};

// A slot runs where its app does.
void inherit(ObjectReader& object, const std::string& app, const Site& parent, Site& slot) {
  const auto plan = object.at("serverFarm");
  if (plan && !slot.server_farm.empty() &&
      !equal_ignoring_case(slot.server_farm, parent.server_farm)) {
    object.reader().fail(
        *plan, "slot-plan",
        fmt::format("a slot runs on the plan of its app, '{}'", parent.server_farm),
        "leave it out");
  }
  slot.server_farm = parent.server_farm;
  if (slot.location.empty()) slot.location = parent.location;
  if (slot.subscription.empty()) slot.subscription = parent.subscription;
  slot.slot_of = app;
}

Declared read_slot(Reader& reader, const Value& value, const std::string& app, const Site& parent) {
  ObjectReader object(reader, value, ObjectType::kSlot);
  Declared slot{site_of_slot(app, value.key),
                fmt::format("slot '{}' of site '{}'", shown(value.key), shown(app)), value,
                read_site(object)};
  inherit(object, app, parent, slot.site);
  return slot;
}

void read_app(Reader& reader, const Value& value, std::vector<Declared>& all) {
  ObjectReader object(reader, value, ObjectType::kSite);
  Site site = read_site(object);
  if (const auto names = object.at("slotConfigNames")) {
    ObjectReader own(reader, *names, ObjectType::kSlotConfigNames);
    own.list_into(site.slot_setting_names, "appSettingNames", &Reader::text);
  }
  all.push_back({value.key, fmt::format("site '{}'", shown(value.key)), value, site});
  const auto slots = object.at("slots");
  for (const Value& slot : slots ? reader.names(*slots) : std::vector<Value>{}) {
    all.push_back(read_slot(reader, slot, value.key, site));
  }
}

}  // namespace

Named<Site> read_sites(Reader& reader, const Value& value) {
  std::vector<Declared> all;
  for (const Value& each : reader.names(value)) read_app(reader, each, all);
  std::stable_sort(all.begin(), all.end(), [](const Declared& a, const Declared& b) {
    return a.place.key_mark < b.place.key_mark;
  });
  Named<Site> sites;
  Named<std::string> texts;
  for (Declared& declared : all) {
    const auto [first, fresh] = texts.emplace(declared.name, declared.text);
    if (fresh) {
      sites.emplace(declared.name, std::move(declared.site));
      continue;
    }
    reader.fail_at_key(
        declared.place, "duplicate-name",
        fmt::format("'{}' is the name of {} already", shown(declared.name), first->second),
        "a slot is called SITE-SLOT");
  }
  return sites;
}

}  // namespace egress::lab

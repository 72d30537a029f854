// SPDX-License-Identifier: MIT
#include "lab/difference.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string_view>

#include "lab/document.hpp"
#include "lab/schema/schema.hpp"

namespace egress::lab {
namespace {

using Verb = ResourceDifference::Verb;

// Where the comparison has come: the whole path, and the resource that it is in.
struct Place {
  std::string path{};
  std::string kind = "lab";
  std::string name{};
  size_t resource_path = 0;  // how much of the path leads to the resource

  Place at(const std::string& key) const {
    Place inside = *this;
    inside.path += inside.path.empty() ? key : "." + key;
    return inside;
  }
  // The resource that stands at `key` of the map here.
  Place resource(const std::string& key, const std::string& kind_there) const {
    Place inside = at(key);
    inside.kind = kind_there;
    inside.name = name.empty() ? key : name + "/" + key;
    inside.resource_path = inside.path.size();
    return inside;
  }
  std::string property() const { return path.substr(resource_path + (resource_path == 0 ? 0 : 1)); }
};

// Null: nothing stands there.
struct Pair {
  const Document* before = nullptr;
  const Document* after = nullptr;

  bool same() const { return before != nullptr && after != nullptr && *before == *after; }
  bool both_objects() const {
    return before != nullptr && after != nullptr && before->is_object() && after->is_object();
  }
};

// Members of an object, or names in a map: those of `after` in its order, then those that have
// gone. An index keeps large maps from being searched name by name.
void for_each_key(const Pair& objects,
                  const std::function<void(const std::string& key, const Pair& values)>& use) {
  std::map<std::string_view, const Document*> old_ones;
  if (objects.before != nullptr) {
    for (const auto& [key, value] : objects.before->items()) old_ones.emplace(key, &value);
  }
  if (objects.after != nullptr) {
    for (const auto& [key, value] : objects.after->items()) {
      const auto old_one = old_ones.find(key);
      use(key, {old_one == old_ones.end() ? nullptr : old_one->second, &value});
      if (old_one != old_ones.end()) old_ones.erase(old_one);
    }
  }
  if (old_ones.empty()) return;
  for (const auto& [key, value] : objects.before->items()) {
    if (old_ones.contains(key)) use(key, {&value, nullptr});
  }
}

std::optional<std::string> text_at(const Document* value) {
  if (value == nullptr) return std::nullopt;
  return value->dump(-1, ' ', false, Document::error_handler_t::replace);
}

bool holds_resources(const Property& property) {
  return property.form == Form::kObject && property.many == Many::kMap;
}

// Walks two documents at once by the format's description.
class Comparison {
 public:
  std::function<void(const Place&, const Pair&)> on_property{};
  // A resource that is there only before or only after.
  std::function<void(const Place&, const Pair&)> on_resource{};
  bool into_new_and_gone = false;  // tells the resources in these, too

  void run(const Pair& labs) { resource({}, ObjectType::kLab, labs); }

 private:
  void resource(const Place& place, ObjectType type, const Pair& values) {
    if (values.same()) return;
    const ObjectSchema& schema = schema_of(type);
    const bool lab = type == ObjectType::kLab;
    const bool changed = lab || values.both_objects();
    if (!changed) on_resource(place, values);
    if (!changed && !into_new_and_gone) return;
    // A resource's own properties come before the resources in it.
    for (const bool inner : {false, true}) {
      for_each_key(values, [&](const std::string& key, const Pair& value) {
        const Property* property = schema.find(key);
        if ((property != nullptr && holds_resources(*property)) != inner) return;
        if (inner) return resources(place.at(key), property->object, value);
        if (changed) this->property(place.at(key), property, value);
      });
    }
  }

  void resources(const Place& place, ObjectType type, const Pair& maps) {
    if (maps.same()) return;
    const std::string& kind = schema_of(type).name;
    for_each_key(maps, [&](const std::string& name, const Pair& value) {
      resource(place.resource(name, kind), type, value);
    });
  }

  // `known` is null for a property that the format does not describe.
  void property(const Place& place, const Property* known, const Pair& value) {
    if (value.same()) return;
    const bool object = known != nullptr && known->form == Form::kObject;
    if (object && known->many == Many::kOne && value.both_objects()) {
      const ObjectSchema& schema = schema_of(known->object);
      return for_each_key(value, [&](const std::string& key, const Pair& member) {
        property(place.at(key), schema.find(key), member);
      });
    }
    if (known != nullptr && known->many == Many::kMap && value.both_objects()) {
      return for_each_key(value, [&](const std::string& key, const Pair& entry) {
        property(place.at(key), nullptr, entry);
      });
    }
    on_property(place, value);
  }
};

// The documents of both, and what they do not hold.
struct Documents {
  Documents(const Lab* from, const Lab& to)
      : before(from == nullptr ? Document::object() : document_of(*from)), after(document_of(to)) {
    const std::string& file = to.service_tags_file;
    other_tags = from != nullptr && !file.empty() && from->service_tags_file == file &&
                 !same_service_tags(*from, to);
  }

  // Which says `serviceTags` twice where the file holds something else.
  std::optional<Difference> tags() const {
    if (!other_tags) return std::nullopt;
    const auto file = text_at(&after.at("serviceTags"));
    return Difference{"serviceTags", file, file};
  }

  Document before;
  Document after;
  bool other_tags = false;
};

}  // namespace

std::vector<Difference> differences(const Lab* before, const Lab& after) {
  const Documents documents(before, after);
  std::vector<Difference> found;
  if (auto tags = documents.tags()) found.push_back(std::move(*tags));
  Comparison comparison;
  comparison.on_property = comparison.on_resource = [&](const Place& place, const Pair& values) {
    found.push_back({place.path, text_at(values.before), text_at(values.after)});
  };
  comparison.run({&documents.before, &documents.after});
  return found;
}

std::vector<ResourceDifference> resource_differences(const Lab* before, const Lab& after) {
  const Documents documents(before, after);
  std::vector<ResourceDifference> found;
  if (auto tags = documents.tags()) found.push_back({.kind = "lab", .properties = {*tags}});
  Comparison comparison;
  comparison.into_new_and_gone = true;
  comparison.on_property = [&](const Place& place, const Pair& values) {
    if (before == nullptr) return;
    const bool goes_on =
        !found.empty() && found.back().kind == place.kind && found.back().name == place.name;
    if (!goes_on) found.push_back({.kind = place.kind, .name = place.name});
    found.back().properties.push_back(
        {place.property(), text_at(values.before), text_at(values.after)});
  };
  comparison.on_resource = [&](const Place& place, const Pair& values) {
    found.push_back(
        {values.before == nullptr ? Verb::kAdd : Verb::kRemove, place.kind, place.name});
  };
  comparison.run({&documents.before, &documents.after});
  return found;
}

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#include "lab/schema/schema.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "lab/schema/objects.hpp"

namespace egress::lab {

const Property* ObjectSchema::find(const std::string& property) const {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [&](const Property& known) { return known.name == property; });
  return found == properties.end() ? nullptr : &*found;
}

std::vector<std::string> ObjectSchema::property_names() const {
  std::vector<std::string> names;
  for (const Property& property : properties) names.push_back(property.name);
  return names;
}

const std::vector<ObjectSchema>& object_schemas() {
  static const std::vector<ObjectSchema> all = [] {
    std::vector<ObjectSchema> schemas = network_schemas();
    for (const auto& more : {dns_schemas(), service_schemas(), subscription_schemas(),
                             nat_schemas(), gateway_schemas(), load_balancer_schemas(),
                             security_schemas(), web_schemas(), platform_schemas()}) {
      schemas.insert(schemas.end(), more.begin(), more.end());
    }
    return schemas;
  }();
  return all;
}

const ObjectSchema& schema_of(ObjectType type) {
  const auto found = std::find_if(object_schemas().begin(), object_schemas().end(),
                                  [&](const ObjectSchema& schema) { return schema.type == type; });
  EG_CHECK(found != object_schemas().end(), "every object is listed");
  return *found;
}

}  // namespace egress::lab

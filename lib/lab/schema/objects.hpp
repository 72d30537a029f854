// SPDX-License-Identifier: MIT
#pragma once

// The descriptions of the objects one by one, for schema.cpp: the lab itself, networks.cpp,
// security.cpp and web.cpp.

#include "lab/schema/schema.hpp"

namespace egress::lab {

ObjectSchema lab_schema();
ObjectSchema virtual_network_schema();
ObjectSchema subnet_schema();
ObjectSchema virtual_network_peering_schema();
ObjectSchema network_security_group_schema();
ObjectSchema security_rule_schema();
ObjectSchema route_table_schema();
ObjectSchema route_schema();
ObjectSchema application_security_group_schema();
ObjectSchema server_farm_schema();
ObjectSchema site_schema();
ObjectSchema outbound_vnet_routing_schema();
ObjectSchema host_schema();
ObjectSchema expectation_schema();

// What Azure lets network resources and apps be called.
NameRule network_name(std::string kind, size_t max_length = 80);
NameRule label_name(std::string kind, size_t max_length);

inline Property flag(std::string name, std::string description, std::string default_value = {}) {
  return {.name = std::move(name),
          .form = Form::kBoolean,
          .default_value = std::move(default_value),
          .description = std::move(description)};
}
inline Property list(std::string name, Form form, std::string description, int minimum = 0,
                     int maximum = 0) {
  return {.name = std::move(name),
          .form = form,
          .many = Many::kList,
          .minimum = minimum,
          .maximum = maximum,
          .description = std::move(description)};
}
inline Property value(std::string name, Form form, std::string description) {
  return {.name = std::move(name), .form = form, .description = std::move(description)};
}
inline Property map(std::string name, ObjectType object, NameRule names, std::string description) {
  return {.name = std::move(name),
          .form = Form::kObject,
          .many = Many::kMap,
          .object = object,
          .names = std::move(names),
          .description = std::move(description)};
}
inline Property word(std::string name, std::vector<std::string> words, std::string description) {
  return {.name = std::move(name),
          .form = Form::kWord,
          .words = std::move(words),
          .description = std::move(description)};
}
inline Property required(Property property) {
  property.required = true;
  return property;
}

}  // namespace egress::lab

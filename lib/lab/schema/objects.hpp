// SPDX-License-Identifier: MIT
#pragma once

// The descriptions of the objects for schema.cpp, the lab's own among networks, and what they are
// made of.

#include "lab/schema/schema.hpp"

namespace egress::lab {

std::vector<ObjectSchema> network_schemas();
std::vector<ObjectSchema> security_schemas();
std::vector<ObjectSchema> web_schemas();
std::vector<ObjectSchema> dns_schemas();
std::vector<ObjectSchema> service_schemas();
std::vector<ObjectSchema> subscription_schemas();
std::vector<ObjectSchema> nat_schemas();
std::vector<ObjectSchema> gateway_schemas();
std::vector<ObjectSchema> load_balancer_schemas();
std::vector<ObjectSchema> platform_schemas();

ObjectSchema network_rule_schema();

// What Azure lets network resources and apps be called.
NameRule network_name(std::string kind, size_t max_length = 80);
NameRule label_name(std::string kind, size_t max_length);

// Of a resource: whose it is.
Property subscription_property();

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
inline Property one_or_list(std::string name, Form form, std::string description) {
  return {.name = std::move(name),
          .form = form,
          .many = Many::kOneOrList,
          .description = std::move(description)};
}
inline Property value(std::string name, Form form, std::string description) {
  return {.name = std::move(name), .form = form, .description = std::move(description)};
}
// An integer.
inline Property number(std::string name, int minimum, int maximum, std::string description,
                       std::string default_value = {}) {
  return {.name = std::move(name),
          .form = Form::kInteger,
          .minimum = minimum,
          .maximum = maximum,
          .default_value = std::move(default_value),
          .description = std::move(description)};
}
inline Property object(std::string name, ObjectType type, std::string description) {
  return {.name = std::move(name),
          .form = Form::kObject,
          .object = type,
          .description = std::move(description)};
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

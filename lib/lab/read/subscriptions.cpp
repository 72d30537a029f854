// SPDX-License-Identifier: MIT

#include <algorithm>

#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

std::optional<std::string> read_scope(Reader& reader, const Value& value) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  const auto slashes = std::count(text->begin(), text->end(), '/');
  if (!text->empty() && text->front() != '/' && text->back() != '/' && slashes <= 1) return text;
  reader.fail(value, "reference", fmt::format("'{}' does not name a network", shown(*text)),
              "write VNET or VNET/SUBNET");
  return std::nullopt;
}

}  // namespace

Subscription read_subscription(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kSubscription);
  Subscription subscription;
  object.into(subscription.quota_id, "quotaId", &Reader::text);
  const auto providers = object.at("registeredProviders");
  if (providers && !providers->is_empty_list()) {
    subscription.registered_providers = reader.list(providers, &Reader::text);
  }
  return subscription;
}

RoleAssignment read_role_assignment(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kRoleAssignment);
  RoleAssignment assignment;
  if (const auto scope = object.at("scope")) {
    assignment.scope = read_scope(reader, *scope).value_or("");
  }
  object.list_into(assignment.actions, "actions", &Reader::text);
  if (const auto actions = object.at("actions"); actions && actions->is_empty_list()) {
    object.miss({"actions"}, "'actions' holds no action");
  }
  return assignment;
}

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <utility>
#include <vector>

#include "base/ip.hpp"
#include "control/bodies.hpp"
#include "control/messages.hpp"
#include "lab/suggest.hpp"

namespace egress::control {

namespace {

using lifecycle::Operation;

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const lifecycle::Scale& scale) {
  return {{"operation", "scale"},
          {"serverFarm", scale.server_farm},
          {"capacity", or_null(scale.capacity)},
          {"sku", or_null(scale.sku)}};
}

Json json_of(const lifecycle::Connect& connect) {
  return {{"operation", "connect"},
          {"site", connect.site},
          {"subnet", connect.subnet.to_string()},
          {"create", connect.create ? Json(connect.create->to_string()) : Json(nullptr)}};
}

Json json_of(const lifecycle::Disconnect& disconnect) {
  return {{"operation", "disconnect"}, {"site", disconnect.site}};
}

Json json_of(const lifecycle::Delete& deletion) {
  return {{"operation", "delete"}, {"kind", deletion.kind}, {"name", deletion.name}};
}

Json json_of(const lifecycle::Set& set) {
  return {{"operation", "set"}, {"path", set.path}, {"value", set.value}};
}

Json json_of(const lifecycle::Unset& unset) {
  return {{"operation", "unset"}, {"path", unset.path}};
}

Json json_of(const lifecycle::Purge& purge) {
  return {{"operation", "purge"}, {"subnet", purge.subnet.to_string()}};
}

Json json_of(const lifecycle::Swap& swap) {
  return {{"operation", "swap"}, {"site", swap.site}, {"slot", swap.slot}};
}

bool says(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && !found->is_null();
}

Result<Operation> parse_scale(const nlohmann::json& json) {
  lifecycle::Scale scale;
  ASSIGN_OR_RETURN(scale.server_farm, text_of(json, "serverFarm"));
  if (says(json, "capacity")) {
    ASSIGN_OR_RETURN(const int64_t capacity,
                     integer_of(json, "capacity", 0, std::numeric_limits<int>::max()));
    scale.capacity = static_cast<int>(capacity);
  }
  if (says(json, "sku")) {
    ASSIGN_OR_RETURN(scale.sku, text_of(json, "sku"));
  }
  return Operation{std::move(scale)};
}

Result<lab::SubnetRef> subnet_of(const nlohmann::json& json) {
  ASSIGN_OR_RETURN(const std::string text, text_of(json, "subnet"));
  return parse_subnet(text);
}

Result<Operation> parse_connect(const nlohmann::json& json) {
  lifecycle::Connect connect;
  ASSIGN_OR_RETURN(connect.site, text_of(json, "site"));
  ASSIGN_OR_RETURN(connect.subnet, subnet_of(json));
  if (says(json, "create")) {
    ASSIGN_OR_RETURN(const std::string prefix, text_of(json, "create"));
    ASSIGN_OR_RETURN(connect.create, Ipv4Prefix::parse(prefix));
  }
  return Operation{std::move(connect)};
}

Result<Operation> parse_disconnect(const nlohmann::json& json) {
  ASSIGN_OR_RETURN(std::string site, text_of(json, "site"));
  return Operation{lifecycle::Disconnect{std::move(site)}};
}

Result<Operation> parse_delete(const nlohmann::json& json) {
  lifecycle::Delete deletion;
  ASSIGN_OR_RETURN(deletion.kind, text_of(json, "kind"));
  ASSIGN_OR_RETURN(deletion.name, text_of(json, "name"));
  return Operation{std::move(deletion)};
}

Result<Operation> parse_set(const nlohmann::json& json) {
  lifecycle::Set set;
  ASSIGN_OR_RETURN(set.path, text_of(json, "path"));
  ASSIGN_OR_RETURN(set.value, text_of(json, "value"));
  return Operation{std::move(set)};
}

Result<Operation> parse_unset(const nlohmann::json& json) {
  ASSIGN_OR_RETURN(std::string path, text_of(json, "path"));
  return Operation{lifecycle::Unset{std::move(path)}};
}

Result<Operation> parse_purge(const nlohmann::json& json) {
  ASSIGN_OR_RETURN(lab::SubnetRef subnet, subnet_of(json));
  return Operation{lifecycle::Purge{std::move(subnet)}};
}

Result<Operation> parse_swap(const nlohmann::json& json) {
  lifecycle::Swap swap;
  ASSIGN_OR_RETURN(swap.site, text_of(json, "site"));
  ASSIGN_OR_RETURN(swap.slot, text_of(json, "slot"));
  return Operation{std::move(swap)};
}

struct Form {
  const char* name;
  Result<Operation> (*parse)(const nlohmann::json&);
};
constexpr Form kForms[] = {
    {"scale", parse_scale},   {"connect", parse_connect}, {"disconnect", parse_disconnect},
    {"delete", parse_delete}, {"set", parse_set},         {"unset", parse_unset},
    {"purge", parse_purge},   {"swap", parse_swap}};

}  // namespace

Json to_json(const OperationRequest& request) {
  return std::visit([](const auto& operation) { return json_of(operation); }, request.operation);
}

Result<OperationRequest> parse_operation_request(const std::string& body) {
  ASSIGN_OR_RETURN(const nlohmann::json json, parse_object(body));
  ASSIGN_OR_RETURN(const std::string name, text_of(json, "operation"));
  std::vector<std::string> names;
  for (const Form& form : kForms) {
    if (name == form.name) {
      ASSIGN_OR_RETURN(Operation operation, form.parse(json));
      return OperationRequest{std::move(operation)};
    }
    names.emplace_back(form.name);
  }
  return wrong(fmt::format("\"operation\" must be one of {}", fmt::join(names, ", ")));
}

Result<lab::SubnetRef> parse_subnet(const std::string& text) {
  const size_t slash = text.find('/');
  const bool two = slash != std::string::npos && slash == text.rfind('/');
  if (!two || slash == 0 || slash + 1 == text.size()) {
    return wrong(fmt::format("'{}' is not of the form VNET/SUBNET", lab::shown(text)));
  }
  return lab::SubnetRef{text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace egress::control

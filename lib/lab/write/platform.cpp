// SPDX-License-Identifier: MIT
#include "lab/write/writer.hpp"

namespace egress::lab {

Document Writer::json_of(const Subscription& subscription) const {
  const auto& [quota_id, providers] = subscription;
  const Subscription usual;
  return object(field("quotaId", unless(usual.quota_id, quota_id)),
                field("registeredProviders", unless(usual.registered_providers, providers)));
}

Document Writer::json_of(const PublicIpAddress& address) const {
  const auto& [ip_address] = address;
  return object(field("ipAddress", ip_address));
}

Document Writer::json_of(const NatGateway& gateway) const {
  const auto& [addresses, prefixes, idle_timeout, sku] = gateway;
  const NatGateway usual;
  return object(field("publicIpAddresses", addresses), field("publicIpPrefixes", prefixes),
                field("idleTimeoutInMinutes", unless(usual.idle_timeout_in_minutes, idle_timeout)),
                field("sku", unless(usual.sku, sku)));
}

Document Writer::json_of(const SnatPorts& ports) const {
  const auto& [preallocated, best_effort] = ports;
  return object(field("preallocated", preallocated), field("bestEffort", best_effort));
}

Document Writer::json_of(const Certificate& certificate) const {
  const auto& [vault, secret] = certificate;
  return object(field("keyVault", vault), field("keyVaultSecretName", if_any(secret)));
}

Document Writer::json_of(IdentityType identity) const {
  if (identity == IdentityType::kNone) return {};
  return object(field("type", word_for(identity_types(), identity)));
}

Document Writer::json_of(const Backup& backup) const {
  const auto& [url, databases] = backup;
  return object(field("storageAccountUrl", url), field("databases", databases));
}

Document Writer::json_of(const DatabaseBackup& database) const {
  const auto& [type, name] = database;
  return object(field("databaseType", type), field("name", if_any(name)));
}

Document Writer::json_of(const SiteLogs& logs) const {
  const auto& [application, http] = logs;
  Document json;
  if (application) json["applicationLogs"] = object(field("azureBlobStorage", application));
  if (http) json["httpLogs"] = object(field("azureBlobStorage", http));
  return json;
}

Document Writer::json_of(const BlobLogs& logs) const {
  const auto& [sas_url] = logs;
  return object(field("sasUrl", sas_url));
}

}  // namespace egress::lab

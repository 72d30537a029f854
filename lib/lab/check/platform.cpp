// SPDX-License-Identifier: MIT

// What sites ask the platform to do, and what of it Azure does not support.

#include <fmt/format.h>

#include <set>

#include "lab/app_settings.hpp"
#include "lab/check/checks.hpp"
#include "lab/known_names.hpp"
#include "lab/platform_tasks.hpp"
#include "lab/service_types.hpp"

namespace egress::lab {
namespace {

std::string setting_path(const std::string& site, const std::string& setting) {
  return fmt::format("sites.{}.appSettings.{}", site, setting);
}

// References to secrets need the app's identity (contract "Start-up").
void check_references(const std::string& name, const Site& site, Checks& checks) {
  for (const auto& [setting, value] : site.app_settings) {
    if (!is_key_vault_reference(value) || parse_key_vault_reference(setting, value)) continue;
    checks.warning(setting_path(name, setting), "key-vault-reference",
                   fmt::format("'{}' is no Key Vault reference: it stays as it is", shown(value)),
                   "write @Microsoft.KeyVault(SecretUri=https://HOST/secrets/NAME) or "
                   "@Microsoft.KeyVault(VaultName=NAME;SecretName=NAME)");
  }
  if (site.identity != IdentityType::kNone || key_vault_references(site).empty()) return;
  checks.warning("sites." + name + ".identity", "no-identity",
                 "Key Vault references are resolved with the app's identity, and it declares none",
                 "write 'identity: {type: SystemAssigned}'");
}

// Azure's article on virtual network integration has the sentence.
void check_logs(const std::string& name, const Site& site, const Named<const Service*>& services,
                Checks& checks) {
  const auto check = [&](const char* key, const std::optional<BlobLogs>& logs) {
    if (!are_private(logs, services)) return;
    checks.warning(
        fmt::format("sites.{}.logs.{}.azureBlobStorage", name, key), "private-logs", kNoPrivateLogs,
        "Azure recommends diagnostics logging, and trusted services of the account", {"services"});
  };
  check("applicationLogs", site.logs.application_logs);
  check("httpLogs", site.logs.http_logs);
}

// azure-facts 2.2.6.
void check_backup(const std::string& name, const Site& site, Checks& checks) {
  if (!site.backup || site.backup->databases.empty() || !site.virtual_network_subnet) return;
  const std::string path = "sites." + name;
  checks.warning(path + ".backup.databases", "database-backup", kNoDatabaseBackup, {},
                 {path + ".virtualNetworkSubnet"});
}

// App settings that the environment never has (azure-facts 1.6.12, 1.6.14).
void check_platform_variables(const std::string& name, const Site& site, Checks& checks) {
  for (const std::string& setting : platform_variables(site)) {
    if (!site.app_settings.contains(setting)) continue;
    checks.warning(setting_path(name, setting), "no-effect", "the platform sets it", {},
                   {"sites." + name + ".identity"});
  }
}

// Where the site asks for a task.
std::string path_of(const PlatformTask& task, const std::string& site) {
  const std::string path = "sites." + site;
  switch (task.step) {
    case TrafficClass::kManagedIdentity: return path + ".identity";
    case TrafficClass::kKeyVault: return setting_path(site, task.references.front().setting);
    case TrafficClass::kImagePull: return path + ".linuxFxVersion";
    case TrafficClass::kContentShare: return setting_path(site, kContentConnectionSetting);
    case TrafficClass::kBackupRestore: return path + ".backup.storageAccountUrl";
    case TrafficClass::kApplication: break;
  }
  return path;
}

void check_calls(const std::string& path, const PlatformTask& task, const Names& names,
                 Checks& checks) {
  std::set<std::string> told;
  for (const PlatformCall& call : task.calls) {
    if (!told.insert(call.host).second) continue;
    // The text that should name it holds a key: no message repeats it.
    if (call.host.empty()) {
      checks.warning(path, "connection-string",
                     "it names no storage account: the content share is not found",
                     "AccountName=NAME or FileEndpoint=https://HOST/ says which", {"services"});
    }
    if (call.in_lab) continue;
    Nearest search(call.host);
    if (checks.wants_suggestions()) {
      for (const std::string& known : names) search.consider(known);
    }
    checks.warning(path, "unknown-name",
                   fmt::format("nothing in the lab has the name '{}': {} does not call it",
                               shown(call.host), name_of(task.step)),
                   search.hint(), {"hosts", "services", "sites", "publicDns", "privateDnsZones"});
  }
}

void check_tasks(const Lab& lab, Checks& checks) {
  std::map<std::string, std::vector<PlatformTask>> all = startup_tasks(lab);
  for (const auto& [name, site] : lab.sites) {
    if (const auto backup = backup_task(lab, name)) all[name].push_back(*backup);
  }
  const Names names = all.empty() ? Names{} : known_names(lab);
  for (const auto& [site, tasks] : all) {
    for (const PlatformTask& task : tasks) check_calls(path_of(task, site), task, names, checks);
  }
}

// Azure's article has the sentence about private vaults.
void check_certificate(const std::string& name, const Certificate& certificate, const Lab& lab,
                       Checks& checks) {
  const std::string path = "certificates." + name;
  if (!checks.refers(path + ".keyVault", "vault", certificate.key_vault, lab.services,
                     "services")) {
    return;
  }
  const Service& vault = lab.services.at(certificate.key_vault);
  const std::string services = "services." + certificate.key_vault;
  if (refuses_public_access(vault)) {
    checks.error(
        path + ".keyVault", "private-vault",
        "Configure SSL/TLS certificates from private Key Vaults is currently not supported", {},
        {services});
  }
  if (vault.secrets.empty() || certificate.key_vault_secret_name.empty()) return;
  checks.refers(path + ".keyVaultSecretName",
                fmt::format("'{}' has no secret", certificate.key_vault),
                certificate.key_vault_secret_name, vault.secrets, services + ".secrets");
}

}  // namespace

void check_platform(const Lab& lab, Checks& checks) {
  const Named<const Service*> services = services_by_name(lab);
  for (const auto& [name, site] : lab.sites) {
    check_references(name, site, checks);
    check_logs(name, site, services, checks);
    check_backup(name, site, checks);
    check_platform_variables(name, site, checks);
  }
  check_tasks(lab, checks);
  for (const auto& [name, certificate] : lab.certificates) {
    check_certificate(name, certificate, lab, checks);
  }
}

}  // namespace egress::lab

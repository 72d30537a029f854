// SPDX-License-Identifier: MIT
#pragma once

// What a site asks the platform to do on its behalf: tokens, references to secrets, images, content
// shares, backups (azure-facts 2).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egress::lab {

struct Site;

enum class IdentityType { kNone, kSystemAssigned, kUserAssigned, kSystemAssignedUserAssigned };
const char* name_of(IdentityType type);  // "SystemAssigned, UserAssigned"

// Variables of an app's environment that come from the platform alone: a setting of such a name
// must not pretend to one (azure-facts 1.6.12, 1.6.14).
std::vector<std::string> platform_variables(const Site& site);

struct DatabaseBackup {
  std::string database_type{};  // canonical, "SqlAzure"
  std::string name{};
  bool operator==(const DatabaseBackup&) const = default;
};
struct Backup {
  std::string storage_account_url{};  // of the container, as written
  std::vector<DatabaseBackup> databases{};
  bool operator==(const Backup&) const = default;
};

// Where logs go.
struct BlobLogs {
  std::string sas_url{};  // as written
  bool operator==(const BlobLogs&) const = default;
};
struct SiteLogs {
  std::optional<BlobLogs> application_logs{};
  std::optional<BlobLogs> http_logs{};
  bool operator==(const SiteLogs&) const = default;
};

// A TLS certificate that App Service imports from a vault.
struct Certificate {
  std::string key_vault{};  // a service
  std::string key_vault_secret_name{};
  bool operator==(const Certificate&) const = default;
};

// Of a vault.
struct Secret {
  std::string value{};
  bool operator==(const Secret&) const = default;
};

// An app setting whose value stands in a vault: "@Microsoft.KeyVault(SecretUri=https://HOST/
// secrets/NAME[/VERSION])" or "@Microsoft.KeyVault(VaultName=V;SecretName=N[;SecretVersion=W])".
struct KeyVaultReference {
  std::string setting{};
  std::string vault_host{};  // "keys.vault.azure.net", lower case
  std::string secret{};
  std::string version{};  // or empty: the latest
  bool operator==(const KeyVaultReference&) const = default;
};
// Whether a value is meant as one, well formed or not.
bool is_key_vault_reference(std::string_view value);
std::optional<KeyVaultReference> parse_key_vault_reference(const std::string& setting,
                                                           std::string_view value);
// Those of a site's app settings that are well formed, in the order of the settings' names.
std::vector<KeyVaultReference> key_vault_references(const Site& site);

// What a container is made from. `linuxFxVersion` is "DOCKER|[HOST[:PORT]/]REPOSITORY[:TAG]"; an
// image without a host is that of the site's kRegistrySetting, else Docker Hub's.
struct ImageReference {
  std::string image{};     // as written, "images.azurecr.io/web:1"
  std::string registry{};  // lower case, "images.azurecr.io"
  uint16_t port = 443;
  bool operator==(const ImageReference&) const = default;
};
std::optional<ImageReference> image_of(const Site& site);  // nothing: the site runs no container
bool is_docker_compose(const Site& site);

inline constexpr const char* kDockerHub = "registry-1.docker.io";

// Of the storage account that a connection string names, "files.file.core.windows.net": its
// FileEndpoint, else its AccountName with its EndpointSuffix.
std::optional<std::string> share_host_of(std::string_view connection_string);

}  // namespace egress::lab

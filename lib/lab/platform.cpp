// SPDX-License-Identifier: MIT
#include "lab/platform.hpp"

#include <algorithm>

#include "base/number.hpp"
#include "lab/app_settings.hpp"
#include "lab/domain_name.hpp"
#include "lab/https_url.hpp"
#include "lab/lab.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

constexpr std::string_view kReference = "@Microsoft.KeyVault(";

bool starts_with_word(std::string_view text, std::string_view word) {
  return equal_ignoring_case(text.substr(0, word.size()), word);
}

// The value of `key` in "KEY=VALUE;KEY=VALUE", where case does not count in keys; or empty.
std::string_view value_in(std::string_view pairs, std::string_view key) {
  while (!pairs.empty()) {
    const std::string_view pair = pairs.substr(0, pairs.find(';'));
    pairs.remove_prefix(std::min(pairs.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && equal_ignoring_case(pair.substr(0, equals), key)) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

// "/secrets/NAME[/VERSION][/]".
bool read_secret_path(std::string_view path, KeyVaultReference& reference) {
  constexpr std::string_view kSecrets = "/secrets/";
  if (!starts_with_word(path, kSecrets)) return false;
  path.remove_prefix(kSecrets.size());
  const size_t slash = std::min(path.find('/'), path.size());
  reference.secret = path.substr(0, slash);
  std::string_view version = path.substr(slash);
  if (version.starts_with('/')) version.remove_prefix(1);
  if (version.ends_with('/')) version.remove_suffix(1);
  reference.version = version;
  return !reference.secret.empty() && version.find('/') == std::string_view::npos;
}

// What stands behind "DOCKER|" or "COMPOSE|" in `linuxFxVersion`, or nothing.
std::optional<std::string> behind(const Site& site, std::string_view kind) {
  const size_t bar = site.linux_fx_version.find('|');
  if (bar == std::string::npos) return std::nullopt;
  const bool meant = equal_ignoring_case(site.linux_fx_version.substr(0, bar), kind);
  return meant ? std::optional(site.linux_fx_version.substr(bar + 1)) : std::nullopt;
}

// Of an image that names none.
std::string registry_of_settings(const Site& site) {
  const auto setting = site.app_settings.find(kRegistrySetting);
  const auto url =
      setting == site.app_settings.end() ? std::nullopt : parse_https_url(setting->second);
  return url ? url->host : kDockerHub;
}

}  // namespace

const char* name_of(IdentityType type) {
  switch (type) {
    case IdentityType::kNone: return "None";
    case IdentityType::kSystemAssigned: return "SystemAssigned";
    case IdentityType::kUserAssigned: return "UserAssigned";
    case IdentityType::kSystemAssignedUserAssigned: return "SystemAssigned, UserAssigned";
  }
  return "None";
}

std::vector<std::string> platform_variables(const Site& site) {
  std::vector<std::string> names{"WEBSITE_PRIVATE_IP", "WEBSITE_PRIVATE_PORTS", "WEBSITE_SITE_NAME",
                                 "WEBSITE_HOSTNAME", "WEBSITE_INSTANCE_ID"};
  if (site.virtual_network_subnet) names.emplace_back("WEBSITE_VNETNAME");
  if (site.identity == IdentityType::kNone) return names;
  names.insert(names.end(), {"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"});
  return names;
}

bool is_key_vault_reference(std::string_view value) {
  return starts_with_word(value, kReference);
}

std::optional<KeyVaultReference> parse_key_vault_reference(const std::string& setting,
                                                           std::string_view value) {
  if (!is_key_vault_reference(value) || !value.ends_with(')')) return std::nullopt;
  value.remove_prefix(kReference.size());
  value.remove_suffix(1);
  KeyVaultReference reference{.setting = setting};
  if (const std::string_view uri = value_in(value, "SecretUri"); !uri.empty()) {
    const auto url = parse_https_url(uri);
    if (!url || !read_secret_path(url->path, reference)) return std::nullopt;
    reference.vault_host = url->host;
    return reference;
  }
  reference.vault_host =
      plain_domain_name(std::string(value_in(value, "VaultName")) + ".vault.azure.net");
  reference.secret = value_in(value, "SecretName");
  reference.version = value_in(value, "SecretVersion");
  const bool whole = is_domain_name(reference.vault_host) && !reference.secret.empty();
  return whole ? std::optional(reference) : std::nullopt;
}

std::vector<KeyVaultReference> key_vault_references(const Site& site) {
  std::vector<KeyVaultReference> references;
  for (const auto& [setting, value] : site.app_settings) {
    if (auto reference = parse_key_vault_reference(setting, value)) {
      references.push_back(std::move(*reference));
    }
  }
  return references;
}

std::optional<ImageReference> image_of(const Site& site) {
  const auto image = behind(site, "DOCKER");
  if (!image || image->empty()) return std::nullopt;
  ImageReference reference{.image = *image};
  const size_t slash = image->find('/');
  const std::string head = lower_case(image->substr(0, slash));
  if (slash == std::string::npos || head.find_first_of(".:") == std::string::npos) {
    reference.registry = registry_of_settings(site);
  } else {
    reference.registry = head;
    const size_t colon = head.rfind(':');
    const auto port = colon == std::string::npos
                          ? std::nullopt
                          : parse_number<uint16_t>(std::string_view(head).substr(colon + 1));
    if (port && *port != 0) {
      reference.port = *port;
      reference.registry.resize(colon);
    }
  }
  const auto& host = reference.registry;
  if (host == "docker.io" || host == "index.docker.io") reference.registry = kDockerHub;
  return reference;
}

bool is_docker_compose(const Site& site) {
  return behind(site, "COMPOSE").has_value();
}

std::optional<std::string> share_host_of(std::string_view connection_string) {
  if (const auto url = parse_https_url(value_in(connection_string, "FileEndpoint"))) {
    return url->host;
  }
  std::string_view suffix = value_in(connection_string, "EndpointSuffix");
  if (suffix.empty()) suffix = "core.windows.net";
  std::string host(value_in(connection_string, "AccountName"));
  host = plain_domain_name(host.append(".file.").append(suffix));
  return is_domain_name(host) ? std::optional(host) : std::nullopt;
}

}  // namespace egress::lab

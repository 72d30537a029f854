// SPDX-License-Identifier: MIT
#include "lab/platform_tasks.hpp"

#include <fmt/format.h>

#include "lab/app_settings.hpp"
#include "lab/https_url.hpp"
#include "lab/known_names.hpp"
#include "lab/service_types.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

constexpr const char* kAuthority = "login.microsoftonline.com";
constexpr uint16_t kSmbPort = 445;  // a content share needs it beside 443 (azure-facts 2.2.3)

// The tasks of the sites of one lab. What the lab has is gathered once, and only if a site asks.
class Tasks {
 public:
  explicit Tasks(const Lab& lab) : lab_(lab) {}

  std::vector<PlatformTask> of_start(const std::string& name, const Site& site) {
    std::vector<PlatformTask> tasks;
    if (site.identity != IdentityType::kNone) {
      tasks.push_back({.step = TrafficClass::kManagedIdentity,
                       .what = name_of(site.identity),
                       .calls = {call("authority", kAuthority)}});
    }
    add_vaults(site, tasks);
    if (const auto image = image_of(site)) tasks.push_back(of_image(*image));
    const auto connection = site.app_settings.find(kContentConnectionSetting);
    if (connection != site.app_settings.end()) {
      tasks.push_back(of_share(name, site, connection->second));
    }
    return tasks;
  }

  PlatformTask of_backup(const Backup& backup) {
    const auto url = parse_https_url(backup.storage_account_url);
    const std::string host = url ? url->host : std::string{};
    return {.step = TrafficClass::kBackupRestore,
            .what = backup.storage_account_url.substr(0, backup.storage_account_url.find('?')),
            .calls = {call("storage", host)},
            .required = true};
  }

 private:
  PlatformCall call(std::string purpose, std::string host, uint16_t port = 443) {
    const bool in_lab = is_in_lab(host);
    return {std::move(purpose), std::move(host), port, in_lab};
  }

  bool is_in_lab(const std::string& host) {
    if (host.empty() || !lab_.public_dns.forward_to.empty()) return true;
    return Ipv4Address::parse(host).ok() || stands_in(names(), host);
  }

  const Names& names() {
    if (!names_) names_ = known_names(lab_);
    return *names_;
  }

  std::optional<std::string> value_of(const KeyVaultReference& reference) {
    if (!services_) services_ = services_by_name(lab_);
    return secret_value(*services_, reference);
  }

  void add_vaults(const Site& site, std::vector<PlatformTask>& tasks) {
    std::map<std::string, size_t> task_of;
    for (KeyVaultReference& reference : key_vault_references(site)) {
      const auto [vault, fresh] = task_of.emplace(reference.vault_host, tasks.size());
      if (fresh) {
        tasks.push_back({.step = TrafficClass::kKeyVault,
                         .what = reference.vault_host,
                         .calls = {call("vault", reference.vault_host)}});
      }
      tasks[vault->second].references.push_back(std::move(reference));
    }
  }

  // Registry, token endpoint and blob storage take part (azure-facts 2.2.4).
  PlatformTask of_image(const ImageReference& image) {
    PlatformTask task{.step = TrafficClass::kImagePull, .what = image.image, .required = true};
    const std::string& registry = image.registry;
    task.calls.push_back(call("registry", registry, image.port));
    if (registry.ends_with(".azurecr.io")) {
      task.calls.push_back(call("token", registry, image.port));
      task.calls.push_back(call("blob", data_endpoint_of(registry)));
    } else if (registry == kDockerHub) {
      task.calls.push_back(call("token", "auth.docker.io"));
      task.calls.push_back(call("blob", "production.cloudflare.docker.com"));
    } else if (registry == "mcr.microsoft.com") {
      task.calls.push_back(call("blob", lab_.location + ".data.mcr.microsoft.com"));
    } else {
      task.calls.push_back(call("blob", registry, image.port));
    }
    return task;
  }

  const std::string& data_endpoint_of(const std::string& registry) {
    const std::string head = registry.substr(0, registry.find('.') + 1);
    const auto [endpoint, fresh] = data_endpoints_.try_emplace(head);
    if (fresh) endpoint->second = find_data_endpoint(head);
    return endpoint->second;
  }

  // "images.westeurope.data.azurecr.io": in the region of the apps, else where the lab has one.
  std::string find_data_endpoint(const std::string& head) {
    constexpr std::string_view kSuffix = ".data.azurecr.io";
    const std::string near = fmt::format("{}{}{}", head, lab_.location, kSuffix);
    if (names().contains(near)) return near;
    for (auto at = names().lower_bound(head); at != names().end(); ++at) {
      std::string name = lower_case(*at);
      if (!name.starts_with(head)) break;
      if (name.ends_with(kSuffix)) return name;
    }
    return near;
  }

  PlatformTask of_share(const std::string& name, const Site& site, const std::string& connection) {
    PlatformTask task{.step = TrafficClass::kContentShare, .required = true};
    std::optional<std::string> text = connection;
    if (auto reference = parse_key_vault_reference(kContentConnectionSetting, connection)) {
      text = value_of(*reference);
      task.references.push_back(std::move(*reference));
    }
    const std::string host = text ? share_host_of(*text).value_or("") : "";
    const auto share = site.app_settings.find(kContentShareSetting);
    task.what = fmt::format("{}{}share {}", host.substr(0, host.find('.')), host.empty() ? "" : " ",
                            share == site.app_settings.end() ? name : share->second);
    task.calls = {call("share", host), call("share", host, kSmbPort)};
    return task;
  }

  const Lab& lab_;
  std::optional<Names> names_{};
  std::optional<Named<const Service*>> services_{};
  std::map<std::string, std::string> data_endpoints_{};
};

}  // namespace

std::vector<PlatformTask> startup_tasks(const Lab& lab, const std::string& site) {
  const auto found = lab.sites.find(site);
  if (found == lab.sites.end()) return {};
  return Tasks(lab).of_start(found->first, found->second);
}

std::map<std::string, std::vector<PlatformTask>> startup_tasks(const Lab& lab) {
  Tasks tasks(lab);
  std::map<std::string, std::vector<PlatformTask>> all;
  for (const auto& [name, site] : lab.sites) {
    auto own = tasks.of_start(name, site);
    if (!own.empty()) all.emplace(name, std::move(own));
  }
  return all;
}

std::optional<PlatformTask> backup_task(const Lab& lab, const std::string& site) {
  const auto found = lab.sites.find(site);
  if (found == lab.sites.end() || !found->second.backup) return std::nullopt;
  return Tasks(lab).of_backup(*found->second.backup);
}

std::optional<std::string> secret_value(const Lab& lab, const KeyVaultReference& reference) {
  return secret_value(services_by_name(lab), reference);
}

std::optional<std::string> secret_value(const Named<const Service*>& services,
                                        const KeyVaultReference& reference) {
  const auto vault = services.find(reference.vault_host);
  if (vault == services.end() || vault->second->secrets.empty()) {
    return fmt::format("{} of {}", reference.secret, reference.vault_host);
  }
  const auto secret = vault->second->secrets.find(reference.secret);
  if (secret == vault->second->secrets.end()) return std::nullopt;
  return secret->second.value;
}

bool are_private(const std::optional<BlobLogs>& logs, const Named<const Service*>& services) {
  const auto url = logs ? parse_https_url(logs->sas_url) : std::nullopt;
  const auto account = url ? services.find(url->host) : services.end();
  return account != services.end() && refuses_public_access(*account->second);
}

}  // namespace egress::lab

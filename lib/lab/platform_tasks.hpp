// SPDX-License-Identifier: MIT
#pragma once

// What the platform does on behalf of a site, and whom it calls for it: when the site starts, and
// when it is backed up (azure-facts 2.2; contract "Start-up").

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::lab {

// A connection over TCP.
struct PlatformCall {
  std::string purpose{};  // "authority", "vault", "registry", "token", "blob", "share", "storage"
  std::string host{};     // lower case; empty: what should name one does not
  uint16_t port = 443;
  // Whether somebody may be there: the host is an address, one of the lab's names, or a name that a
  // real server is asked about. Nobody else is called.
  bool in_lab = true;
  bool operator==(const PlatformCall&) const = default;
};

// Calls, one after the other.
struct PlatformTask {
  TrafficClass step{};
  std::string what{};  // "images.azurecr.io/web:1", the vault's host, "files share web"
  std::vector<PlatformCall> calls{};
  bool required = false;  // the site does not run without it
  // Of a vault: those that it is asked for. Of a content share: the one that must be resolved to
  // know the share, if its connection string is one.
  std::vector<KeyVaultReference> references{};
  bool operator==(const PlatformTask&) const = default;
};

// In Azure's order: token, one task for each vault, image, content share. The second form has every
// site that asks for something.
std::vector<PlatformTask> startup_tasks(const Lab& lab, const std::string& site);
std::map<std::string, std::vector<PlatformTask>> startup_tasks(const Lab& lab);
// Nothing: the site declares no backup.
std::optional<PlatformTask> backup_task(const Lab& lab, const std::string& site);

// What the vault gives for a reference; nothing: it has no such secret. A vault that lists no
// secrets, and one that is no service of the lab, has every secret, "NAME of HOST". `services` are
// those of services_by_name().
std::optional<std::string> secret_value(const Lab& lab, const KeyVaultReference& reference);
std::optional<std::string> secret_value(const Named<const Service*>& services,
                                        const KeyVaultReference& reference);

// What Azure does not support, in the words of its documents.
inline constexpr const char* kNoPrivateLogs =
    "App Service Logs to private storage accounts is currently not supported";
inline constexpr const char* kNoDatabaseBackup =
    "Database backup isn't supported over the virtual network integration";
// Whether they go to an account that refuses public access. `services` likewise.
bool are_private(const std::optional<BlobLogs>& logs, const Named<const Service*>& services);

}  // namespace egress::lab

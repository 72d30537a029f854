// SPDX-License-Identifier: MIT
#pragma once

// What a process finds when it runs as an app, or on a machine of the lab: environment, resolver
// configuration and names (azure-facts 1.6, 8.2). Pure; entering the namespace is the client's
// work.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::inspect {

// What a program needs to run there. The authority is the session's, which adds it.
struct ExecContext {
  std::string netns{};
  std::map<std::string, std::string> environment{};  // beside the caller's
  std::string resolv_conf{};
  std::string hosts{};
  std::string authority{};  // the lab's certificate, in PEM, trusted beside the machine's; or empty
  std::vector<std::string> hidden{};  // the daemon's own folders and files, empty for it
};

// Of a class that the platform sends on the app's behalf nothing but the network: the environment
// is the program's of the app alone. `resolved` are the app settings whose references to secrets
// the start has resolved; the others stay as they are written. kNotFound when the site or the
// instance does not exist, kConflict when the class is not in use.
Result<ExecContext> app_context(const policy::Network& network, const lab::Sender& sender,
                                const std::string& prefix,
                                const std::set<std::string>& resolved = {});

// kNotFound when the host does not exist.
Result<ExecContext> host_context(const policy::Network& network, const std::string& host,
                                 const std::string& prefix);

}  // namespace egress::inspect

// SPDX-License-Identifier: MIT
#pragma once

// What a process finds when it runs as an app: environment, resolver configuration and names
// (azure-facts 1.6, 8.2). Pure; entering the namespace is the client's work.

#include <map>
#include <string>

#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::inspect {

// What a program needs to run as an app.
struct AppContext {
  std::string netns{};
  std::map<std::string, std::string> environment{};
  std::string resolv_conf{};
  std::string hosts{};
};

// kNotFound when the site or the instance does not exist.
Result<AppContext> app_context(const policy::Network& network, const lab::Sender& sender,
                               const std::string& prefix);

}  // namespace egress::inspect

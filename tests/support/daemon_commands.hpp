// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace egress::testing_support {

// Every command of egressctl that asks the daemon, but for exec, with LAB in place of a lab file.
inline const std::vector<std::vector<std::string>>& daemon_commands() {
  static const std::vector<std::vector<std::string>> kCommands{
      {"apply", "LAB"},
      {"plan", "LAB"},
      {"test", "LAB"},
      {"down"},
      {"status"},
      {"hold"},
      {"release"},
      {"leases", "spoke/integration"},
      {"graph"},
      {"clock"},
      {"clock", "advance", "1m"},
      {"restart", "web"},
      {"env", "web"},
      {"startup", "web"},
      {"backup", "web"},
      {"effective-routes", "web"},
      {"effective-rules", "web"},
      {"wire"},
      {"wire", "plan", "--hold"},
      {"explain", "web", "tcp://10.1.2.4:1433"},
      {"explain", "web", "tcp://10.1.2.4:1433", "--verify"},
      {"watch"},
      {"resolve", "web", "www.example.com"},
      {"dependencies", "web"},
      {"ip-flow-verify", "web", "--remote", "10.1.2.4:1433"},
      {"next-hop", "web", "10.1.2.4"},
      {"scale", "plan", "--capacity", "3"},
      {"scale", "plan", "--sku", "P2v3"},
      {"connect", "web", "spoke/apps", "--create", "10.1.3.0/27"},
      {"disconnect", "web"},
      {"delete", "site", "web"},
      {"set", "sites.web.enabled", "true"},
      {"unset", "sites.web.enabled"},
      {"purge", "spoke/integration"},
      {"swap", "web", "staging"},
      {"export"},
  };
  return kCommands;
}

}  // namespace egress::testing_support

// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "lab/lab.hpp"

namespace egress::policy {

// What the analysis of a network needs: the declared lab, and beside it what the world added. A lab
// that has left the loader, with a lease for each of lab::integrations(lab).
struct Situation {
  lab::Lab lab{};
  lab::IntegrationAddresses leases{};
  std::map<std::string, int> restarts{};  // by site; one that never was is missing
  bool operator==(const Situation&) const = default;
};

}  // namespace egress::policy

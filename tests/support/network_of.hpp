// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "policy/network.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::testing_support {

// With the leases that the lab gets at first.
inline std::shared_ptr<const policy::Network> network_of(
    const lab::Lab& lab, const policy::Network* previous = nullptr) {
  return policy::analyse({.lab = lab, .leases = leases_of(lab)}, previous);
}

inline std::shared_ptr<const policy::Network> network_with(const lab::Lab& lab,
                                                           const lab::Instances& instances) {
  return policy::analyse({.lab = lab, .leases = leases_of(lab, instances), .instances = instances});
}

}  // namespace egress::testing_support

// SPDX-License-Identifier: MIT
#pragma once

// Both kinds of what joins plans to their networks, for tests of what must not depend on it.

#include <gtest/gtest.h>

#include <string>

#include "lab/lab.hpp"

namespace egress::testing_support {

// A base of fixtures, whose tests are then run on either.
using ByInterface = testing::WithParamInterface<lab::IntegrationInterface>;

inline auto both_interfaces() {
  return testing::Values(lab::IntegrationInterface::kVeth, lab::IntegrationInterface::kTun);
}

// Names a test by it.
inline std::string interface_name(const testing::TestParamInfo<lab::IntegrationInterface>& test) {
  return test.param == lab::IntegrationInterface::kTun ? "tun" : "veth";
}

// The lab with all of its plans on it.
inline lab::Lab on(lab::IntegrationInterface interface, lab::Lab lab) {
  for (auto& [name, farm] : lab.server_farms) farm.interface = interface;
  return lab;
}

}  // namespace egress::testing_support

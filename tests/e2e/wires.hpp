// SPDX-License-Identifier: MIT
#pragma once

// A machine whose one plan may be on wires, and what is done to these by command.

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {

inline std::string tun_lab() {
  using namespace testing_support;
  return replaced(contract_lab(), "sku: P1v3", "sku: P1v3, interface: tun");
}

class Wires : public ::testing::Test {
 protected:
  static constexpr uint16_t kPort = 7001;  // of a host, where lists allow what comes

  void start_with(const std::string& lab) {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(lab));
  }
  testing_support::Outcome wire(testing_support::Command arguments) const {
    arguments.insert(arguments.begin(), "wire");
    return machine_.ctl(arguments);
  }
  void impose(const testing_support::Command& arguments) const {
    const testing_support::Outcome imposed = wire(arguments);
    EXPECT_EQ(imposed.status, 0) << imposed.err << machine_.log();
  }
  // Of instance 0.
  nlohmann::json first_wire() const { return machine_.ctl_json({"wire", "plan/0"})["wires"][0]; }

  testing_support::Machine machine_{};
};

}  // namespace egress::e2e

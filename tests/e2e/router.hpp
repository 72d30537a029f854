// SPDX-License-Identifier: MIT
#pragma once

// A router on-premises that speaks BGP with a gateway.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/support/machine.hpp"

namespace egress::e2e {

// Where it stands, and whom it speaks with.
struct RouterPlace {
  std::string netns{};
  std::string address{};
  int asn = 0;
  std::string gateway{};  // whose autonomous system is Azure's own
};

// BIRD, as somebody has it who tries their router against Azure.
class Router {
 public:
  Router(RouterPlace place, const std::string& routes) : place_(std::move(place)) { start(routes); }

  // Tells these from now on.
  void tell(const std::string& routes) {
    write(routes);
    birdc("configure");
  }
  void birdc(const std::string& command) const {
    const auto said = testing_support::run({"birdc", "-s", control(), command});
    EXPECT_EQ(said.status, 0) << said.out << said.err;
  }
  std::string asked(const std::string& command) const {
    return testing_support::run({"birdc", "-s", control(), command}).out;
  }
  std::string control() const { return folder_ / "bird.ctl"; }
  void end() { bird_.reset(); }

 private:
  void write(const std::string& routes) const {
    folder_.write("bird.conf", fmt::format(R"(
      log "bird.log" all;
      router id {0};
      protocol device {{}}
      protocol static announced {{ ipv4; {1} }}
      protocol bgp azure {{
        local {0} as {2};
        neighbor {3} as 65515;
        multihop;
        connect delay time 1;
        connect retry time 1;
        error wait time 1, 1;
        ipv4 {{ import all; export where source = RTS_STATIC; }};
      }})",
                                           place_.address, routes, place_.asn, place_.gateway));
  }
  void start(const std::string& routes) {
    write(routes);
    bird_.emplace(testing_support::Command{"ip", "netns", "exec", place_.netns, "bird", "-f", "-c",
                                           folder_ / "bird.conf", "-s", control()},
                  "");
  }

  RouterPlace place_;
  testing_support::Folder folder_{};
  std::optional<testing_support::Background> bird_{};
};

inline std::string route(const std::string& prefix) {
  return "route " + prefix + " blackhole; ";
}

}  // namespace egress::e2e

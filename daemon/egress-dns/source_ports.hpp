// SPDX-License-Identifier: MIT
#pragma once

// Source ports of questions to name servers on the Internet. App Service's own source NAT has 128
// ports for the flows of an instance to one server and holds each for four minutes (azure-facts
// 7.2): with a port for each question an app that asks such a server would be at the end of them in
// seconds. So a port whose question has ended is used again, but not for long: packets of a flow
// that is there already are not judged anew when the lists of its network change.

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "base/ip.hpp"

namespace egress::resolver {

class SourcePorts {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Port {
    uint16_t number = 0;  // 0: whichever the kernel chooses
    Time since{};         // when it was chosen
  };

  // Nobody else is given it before it is back. One that the kernel is to choose is `since` never.
  Port take(Ipv4Address server, Time now);
  void give_back(Ipv4Address server, const Port& port);

 private:
  std::map<Ipv4Address, std::vector<Port>> free_{};
};

}  // namespace egress::resolver

// SPDX-License-Identifier: MIT
#pragma once

// What is watched as lines for people.

#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "egressctl/answer.hpp"
#include "egressctl/terminal.hpp"

namespace egress::ctl {

class WatchText {
 public:
  explicit WatchText(const Screen& screen) : screen_(screen) {}

  // "14:02:11.381 web/0 tcp 10.1.2.4:1433 DENIED by nsg/deny-sql  virtualNetwork as 10.1.1.4", with
  // its end. Empty for a packet that was dropped by what its flow's line has named.
  std::string line(const Json& record);

 private:
  std::string flow(const Json& record);
  std::string drop(const Json& record);
  std::string packet(const Json& record) const;
  std::string lost(const Json& record) const;
  void remember(const std::string& flow, const std::string& decider);

  Screen screen_;
  // What decided about flows, by who sends what where; of those that came last.
  std::map<std::string, std::string> deciders_{};
  std::deque<std::string> oldest_{};
};

}  // namespace egress::ctl

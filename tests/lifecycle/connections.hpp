// SPDX-License-Identifier: MIT
#pragma once

// A TCP connection from each app's first instance to a machine that echoes, over which a byte goes
// now and then.

#include <map>
#include <set>
#include <string>

#include "base/unique_fd.hpp"
#include "lab/lab.hpp"

namespace egress::life {

class Connections {
 public:
  // What is wrong with connections of apps that are not `touched`; empty when all have carried a
  // byte to and fro. Others are made anew.
  std::string fault_in(const lab::Lab& lab, const std::set<std::string>& touched);
  void drop() { open_.clear(); }

 private:
  std::map<std::string, UniqueFd> open_{};  // by site
};

}  // namespace egress::life

// SPDX-License-Identifier: MIT
#pragma once

// What one responder was asked to be. Its JSON form is the content of the lock file, by which
// others learn what is running without asking the process.

#include <string>
#include <vector>

#include "base/protocol.hpp"

namespace egress::host {

struct Spec {
  std::string host{};
  std::vector<Port> listen{};
};

// {"host", "listen": ["tcp/443", …]}, with `listen` sorted as text.
std::string to_json(const Spec& spec);

}  // namespace egress::host

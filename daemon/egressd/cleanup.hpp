// SPDX-License-Identifier: MIT
#pragma once

// Takes a lab away without knowing it: neither what it declares nor what is stored of it is read.

#include <functional>
#include <map>
#include <string>

#include "base/result.hpp"
#include "egressd/settings.hpp"

namespace egress::daemon {

struct Cleanup {
  bool lab = false;    // what is marked as this lab's in the kernel
  bool state = false;  // what is stored of it, which is kept under another name beside it
};

// Tells of each object that is gone. What is not marked with this prefix and state folder is left
// alone. kBusy when a daemon has the lab, kKernel when something of it is still there.
Status clean_up(const Settings& settings, Cleanup which,
                const std::map<std::string, std::string>& programs,
                const std::function<void(const std::string&)>& say);

}  // namespace egress::daemon

// SPDX-License-Identifier: MIT
#pragma once

// What stands in every app for people who look for the cause of a failure: the tools that Kudu's
// console has, with their words (azure-facts 10.1). One program under several names; each function
// is one of them, prints what it finds and returns the exit status.

#include <string>
#include <vector>

namespace egress::app_tools {

enum Exit : int { kFound = 0, kNotFound = 1, kUsage = 2 };

using Arguments = std::vector<std::string>;

// tcpping HOST:PORT [-n COUNT]: connects, several times. kFound when one try succeeded.
int tcpping(const Arguments& arguments);

// nameresolver NAME [SERVER]: what the app's resolver says, or another name server. kFound with an
// address.
int nameresolver(const Arguments& arguments);

}  // namespace egress::app_tools

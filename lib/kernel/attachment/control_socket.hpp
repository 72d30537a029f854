// SPDX-License-Identifier: MIT
#pragma once

// The daemon's side of attachments: asks a program by the socket in its folder, and reads what the
// program has.

#include <vector>

#include "base/result.hpp"
#include "kernel/attachment/protocol.hpp"

namespace egress::kernel {

// `folder` is open and, like `files`, borrowed. kNotFound when nobody listens there, kBusy when the
// program does not answer within five seconds; other errors are the program's.
Status ask(int folder, const Request& request, const std::vector<int>& files = {});

// Nothing, too, when the list cannot be read: whoever attaches again has it written anew.
std::vector<ListedAttachment> list_of(const std::string& folder);

}  // namespace egress::kernel

// SPDX-License-Identifier: MIT
#pragma once

// The daemon's side of attachments: asks a program by the socket in its folder, and reads what the
// program has.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernel/attachment/protocol.hpp"

namespace egress::kernel {

// How long a program is waited for, which has more to do than to answer.
inline constexpr std::chrono::milliseconds kPatience{5000};

// `folder` is open and, like `files`, borrowed. kNotFound when nobody listens there, kBusy when the
// program does not answer within kPatience; other errors are the program's.
Status ask(int folder, const Request& request, const std::vector<int>& files = {});
// The text that the program answers a question with; errors likewise.
Result<std::string> ask(int folder, const AskRequest& question,
                        std::chrono::milliseconds patience = kPatience);
// A socket, not blocking, on which the program tells what `filter` asks for; errors likewise.
Result<UniqueFd> open_records(int folder, const std::string& filter);

// Nothing, too, when the list cannot be read: whoever attaches again has it written anew.
std::vector<ListedAttachment> list_of(const std::string& folder);

}  // namespace egress::kernel

// SPDX-License-Identifier: MIT
#pragma once

// What the daemon is asked for before it is killed, and the labs that are applied.

#include <string>
#include <vector>

#include "egressctl/client.hpp"
#include "lab/lab.hpp"
#include "lab/load.hpp"

namespace egress::crash {

struct LabFile {
  std::string name{};  // of the file, without folder and ending
  lab::LabText text{};
  lab::Lab lab{};
};
Result<std::vector<LabFile>> load_labs(const std::string& folder);

// kTraffic: somebody wants to send in a class of traffic.
enum class OperationKind { kApply, kRestart, kTraffic, kDown, kStart };

struct Operation {
  OperationKind kind = OperationKind::kStart;
  const LabFile* target = nullptr;  // with kApply
  std::string site{};               // with kRestart and kTraffic
};
std::string to_text(const Operation& operation);

// Asks for it and waits for the answer; not for kStart, which nobody can be asked for.
ctl::Answer perform(const ctl::Client& client, const Operation& operation);

}  // namespace egress::crash

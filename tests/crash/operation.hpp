// SPDX-License-Identifier: MIT
#pragma once

// What the daemon is asked for before it is killed, and the labs that are applied.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "egressctl/client.hpp"
#include "lab/lab.hpp"
#include "lab/load.hpp"
#include "lifecycle/operation.hpp"

namespace egress::crash {

struct LabFile {
  std::string name{};  // of the file, without folder and ending
  lab::LabText text{};
  lab::Lab lab{};
};
using LabPointer = std::shared_ptr<const LabFile>;
Result<std::vector<LabPointer>> load_labs(const std::string& folder);

// kTraffic: somebody wants to send in a class of traffic. kChange: scale, connect, disconnect,
// delete or purge.
enum class OperationKind { kApply, kRestart, kTraffic, kChange, kDown, kStart };

struct Operation {
  OperationKind kind = OperationKind::kStart;
  LabPointer target{};                           // with kApply
  std::string site{};                            // with kRestart and kTraffic
  std::optional<lifecycle::Operation> change{};  // with kChange
};
// What is done, and with kApply to which lab.
std::string to_text(const Operation& operation);

// Asks for it and waits for the answer; not for kStart, which nobody can be asked for.
ctl::Answer perform(const ctl::Client& client, const Operation& operation);

}  // namespace egress::crash

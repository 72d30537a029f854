// SPDX-License-Identifier: MIT
#pragma once

// What the evaluator says of a flow that leaves a worker by an integration.

#include <string>

#include "policy/explain.hpp"
#include "policy/network.hpp"
#include "wire/packet.hpp"

namespace egress::wire {

struct Decision {
  lab::Verdict verdict = lab::Verdict::kDrop;
  policy::DecidedBy decided_by{};
  std::string reason{};  // one sentence, of what decided
  bool silent = true;    // nobody refuses it
  // The network that it enters first lets it go on, which is what that network's connection
  // tracking remembers; what becomes of it behind that network is decided there.
  bool leaves = false;
};

// `integration` is an interface of that kind, whose address the flow has for a source.
Decision decide(const policy::Network& network, policy::Index integration, const FlowKey& flow);

}  // namespace egress::wire

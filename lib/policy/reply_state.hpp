// SPDX-License-Identifier: MIT
#pragma once

// An answer under way and what is known of it so far, and what NVAs make of it: what the parts of
// its way (reply, reply_appliances) hand to one another.

#include <set>

#include "policy/explain.hpp"
#include "policy/trail.hpp"

namespace egress::policy {

using Lost = std::optional<Reply>;  // empty: the answer goes on

struct ReplyState {
  const Network& network;
  const Trail& trail;
  Packet packet{};
  std::vector<Step> steps{};
  bool by_ports = false;     // a gateway has chosen a way for it by its ports
  std::set<Index> passed{};  // stateful NVAs and translating ones that took the answer for one

  void note(Step step) { steps.push_back(std::move(step)); }

  Reply finish(lab::Verdict verdict, Step step) {
    note(std::move(step));
    return {.verdict = verdict, .reason = steps.back().reason};
  }

  Reply drop(Stage stage, std::string where, std::string name, std::string reason) {
    return finish(lab::Verdict::kDrop, {stage, std::move(where), lab::name_of(lab::Verdict::kDrop),
                                        std::move(name), std::move(reason)});
  }
};

// The NVA gets an answer that is not for itself.
Lost forward(ReplyState& state, Index appliance);
// The answer is back: what follows it.
Lost go_on(ReplyState& state);

}  // namespace egress::policy

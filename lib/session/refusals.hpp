// SPDX-License-Identifier: MIT
#pragma once

// What the loader's rules and those between two labs (lib/lifecycle) say of a lab that is proposed,
// as a Refusal.

#include <variant>
#include <vector>

#include "session/proposal.hpp"

namespace egress::session {

// From the lab in force to another one.
struct Step {
  const LabInForce& base;
  lifecycle::Cause cause = lifecycle::Cause::kApply;
  const lifecycle::Operation* operation = nullptr;  // with kOperation
  ipam::TimePoint now{};
  bool from_file = false;  // findings have the file's name and places in it

  const lab::Lab* before() const {
    return base.network == nullptr ? nullptr : &base.network->situation.lab;
  }
};

// What becomes of what stands beside the lab. A lab that breaks a rule of its own is told what the
// transition refuses first: it may be the reason.
std::variant<lifecycle::Transition, Refusal> judge(const Step& step, const lab::LabText& text,
                                                   const lab::Loaded& loaded);

Refusal no_lab();
Refusal too_large(std::vector<lab::Finding> excess);

}  // namespace egress::session

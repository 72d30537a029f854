// SPDX-License-Identifier: MIT
#pragma once

// From one lab to the next: what Azure refuses on that way though either lab may be, and what the
// change does beside itself.

#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "lab/lab.hpp"
#include "lifecycle/operation.hpp"
#include "lifecycle/state.hpp"

namespace egress::lifecycle {

enum class Cause {
  kApply,  // a file
  kOperation,
  kRestore,  // the lab that was in force when the daemon ended: no rule refuses it
};

struct Change {
  const lab::Lab* before = nullptr;  // null: none is in force
  const lab::Lab& after;
  const State& state;
  Cause cause = Cause::kApply;
  const Operation* operation = nullptr;  // with kOperation
  TimePoint now{};                       // the lab's clock
};

struct Refusal {
  Errc kind = Errc::kConflict;
  std::string code{};     // Azure's: "InUseSubnetCannotBeDeleted"
  std::string message{};  // Azure's
  std::string path{};     // as in findings
  std::string hint{};     // or empty
};

// A plan whose instances change in number or size.
struct Scaling {
  std::string server_farm{};
  int capacity_before = 0;
  int capacity = 0;
  std::string sku_before{};
  std::string sku{};
  bool all_new = false;  // of another size: none of the instances stays
  bool operator==(const Scaling&) const = default;
};

struct Effects {
  std::set<std::string> restarts{};  // sites that are connected, disconnected or moved (3.4.1)
  std::vector<Scaling> scalings{};
  std::set<OrphanedLink> left_behind{};
  std::set<OrphanedLink> taken_away{};
  bool operator==(const Effects&) const = default;
};

struct Transition {
  State next{};
  Effects effects{};
};

// Both labs have been judged by themselves (lab/validate.hpp). All refusals, the one that Azure
// would give first.
std::variant<Transition, std::vector<Refusal>> transition(const Change& change);

// The rules alone; `after` may be what was read of a lab that does not validate
// (lab::Loaded::read).
std::vector<Refusal> refusals(const Change& change);

}  // namespace egress::lifecycle

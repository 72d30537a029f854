// SPDX-License-Identifier: MIT
#pragma once

// What is stored and in force, what an operation makes of it, and which operations there are for
// it.

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "egressctl/client.hpp"
#include "lifecycle/state.hpp"
#include "tests/crash/lease_book.hpp"
#include "tests/crash/operation.hpp"

namespace egress::crash {

struct Known {
  LabPointer lab{};  // null: none
  std::set<lifecycle::OrphanedLink> orphans{};
  LeaseBook leases{};
};

// What the daemon says: the file's name and text, and what stands beside it.
struct InForce {
  lab::LabText text{};  // without a text: none
  // But for those on a subnet that another app of the plan uses, which has the same link.
  std::set<lifecycle::OrphanedLink> orphans{};
  LeaseBook leases{};
};
Result<InForce> in_force(const ctl::Client& client);
bool is_lab_of(const InForce& found, const Known& known);
std::string name_of(const Known& known);

// With the leases as they were. kConflict when it is refused on the way there, kInvalid when it
// would come to no valid lab.
Result<Known> after(const Operation& operation, const Known& before);
// What takes away why applying a lab is refused; repeated, it comes to nothing.
std::optional<Operation> what_comes_first(const Operation& operation, const Known& before);

// One that is not refused; of a lab, which has to be there.
Operation random_change(const Known& known, std::mt19937_64& random);

}  // namespace egress::crash

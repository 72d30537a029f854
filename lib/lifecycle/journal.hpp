// SPDX-License-Identifier: MIT
#pragma once

// The operations since a file was applied, so that applying a file again can say which of them it
// takes back.

#include <cstddef>
#include <string>
#include <vector>

#include "lab/difference.hpp"
#include "lifecycle/state.hpp"

namespace egress::lifecycle {

struct Recorded {
  TimePoint at{};           // the lab's clock
  std::string operation{};  // as to_text() gives it
  std::vector<lab::Difference> changes{};
  bool operator==(const Recorded&) const = default;
};
using Journal = std::vector<Recorded>;  // oldest first

// Beyond either the oldest go, but never the last: what each operation put and what stood there
// before may be as large as a lab.
inline constexpr size_t kMaxJournal = 1'000;
inline constexpr size_t kMaxJournalBytes = size_t{8} << 20U;

// With one more.
Journal recorded(Journal journal, Recorded operation);

// An operation and those of its changes that are taken back.
struct Undone {
  std::string operation{};
  TimePoint at{};
  std::vector<lab::Difference>
      changes{};  // before: what the operation put; after: what stands again
};
// Where `file` has what stood before an operation, and the lab in force what it put.
std::vector<Undone> undone_by(const Journal& journal, const lab::Lab& in_force,
                              const lab::Lab& file);

}  // namespace egress::lifecycle

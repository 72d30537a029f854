// SPDX-License-Identifier: MIT
#pragma once

// Names that look like ours and belong to somebody else: what a state needs of them, and what can
// be made without them.

#include <map>
#include <string>

#include "base/result.hpp"
#include "state/kernel_state.hpp"
#include "state/netns_mark.hpp"

namespace egress::state {

struct ForeignNetns {
  enum class Kind {
    kUnmarked,     // a namespace that egressd did not make, or that lost its mark
    kOtherLab,     // one that carries the mark of another lab
    kMachine,      // the one egressd was started in, or process 1 lives in, marked or not
    kNoNamespace,  // a file of that name
    kSecondName,   // one more name of a namespace that is known by its first
  };
  Kind kind = Kind::kUnmarked;
  NetnsMark lab{};  // kOtherLab only
  bool operator==(const ForeignNetns&) const = default;
};
using ForeignNames = std::map<NetnsName, ForeignNetns>;

// One sentence with what it is and how its name comes free.
std::string to_text(const NetnsName& name, const ForeignNetns& foreign);

// Those of `foreign` whose names `desired` needs.
ForeignNames taken_names(const KernelState& desired, const ForeignNames& foreign);
// kConflict that tells of them; success when there is none.
Status check_free(const KernelState& desired, const ForeignNames& foreign);

// `desired` as far as it can be without the namespaces of `taken`: less these, the links that lead
// there, and the addresses, neighbours and routes that need those links.
KernelState without(KernelState desired, const ForeignNames& taken);

}  // namespace egress::state

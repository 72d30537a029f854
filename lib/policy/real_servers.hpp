// SPDX-License-Identifier: MIT
#pragma once

// What real servers (publicDns.forwardTo) say, put together with what the lab knows.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "policy/names.hpp"

namespace egress::policy {

// What the lab itself says of a name, for one network and one type.
using Known = std::function<NameAnswer(const std::string& name)>;

// Real servers were asked for `asked.forwarded` and gave `said`. Where an alias of theirs leads to
// a name of the lab, in a linked zone or in its public names: the records of `asked`, the aliases
// up to there and what `known` says, for which real servers may have to be asked again. Nothing
// where what they gave stands. This is how a public name leads into a linked privatelink zone
// (azure-facts 8.3.2).
std::optional<NameAnswer> led_back(const NameAnswer& asked, RecordType type,
                                   const std::vector<Record>& said, const Known& known);

}  // namespace egress::policy

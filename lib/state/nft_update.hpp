// SPDX-License-Identifier: MIT
#pragma once

// How a table comes into force over another one: what keeps its name and changes element by
// element, and what is made anew beside the old one, under a name that is free.
//
// Theory of operation. The kernel takes an element out of a map of intervals of several fields by
// walking over the map, and so does a list of which much changes take longer than a new one,
// without bound. New maps cost what they cost the first time, whatever was there. The maps of one
// gate hang together by their class numbers, so they are all kept or all made anew. Of what another
// process put there only names are known; then everything is made anew, and only base chains keep
// their names: a base chain in force is never made anew unless it hooks in elsewhere.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "state/nft_names.hpp"
#include "state/nft_steps.hpp"

namespace egress::state {

struct NftUpdate {
  std::vector<NftStep> steps{};
  NftAliases names{};  // of the desired table, once all steps are done
  // So many of the first steps make what packets do not meet yet.
  size_t preparing = 0;
  // In the kernel, the names that the steps make.
  std::set<std::string> made_chains{};
  std::set<std::string> made_maps{};
};

// `previous` is in force under `names`. No steps when nothing differs.
NftUpdate update(const NftTable& desired, const NftTable& previous, const NftAliases& names);

// What the kernel holds of our table, as far as a listing tells.
struct NftPresent {
  std::map<std::string, std::optional<NftHook>> chains{};
  std::vector<std::string> sets{};
  std::vector<std::string> maps{};
};
// Over whatever that is, half of another change or somebody else's work; costs what it costs to
// make `desired` and to remove what was there.
NftUpdate replacement(const NftTable& desired, const NftPresent& present);

// Takes back what an update made that came to an end before its preparing steps were done, or right
// after. `present` is what there is by then. Not for later: packets may be led there.
std::vector<NftStep> withdrawal(const NftUpdate& update, NftPresent present);

}  // namespace egress::state

// SPDX-License-Identifier: MIT
#pragma once

// Properties that Azure has and that are not emulated, by the object that has them: templates and
// exports are full of them. With the objects' own properties (schema.hpp) these are all that Azure
// has there. At Azure's default they are taken in silence, with any other value they are warned
// about by name and kept for the lab that is written again; in neither case are they unknown
// (contract, part 2). egressd-lab(5) lists them from here.

#include <string>
#include <vector>

#include "lab/schema/schema.hpp"

namespace egress::lab {

enum class Tolerance {
  kAtDefaults,
  kReadOnly,   // Azure tells it: it says nothing, whatever it is
  kNoNetwork,  // concerns nothing that a network sees
  kRegion,     // says nothing where it is the lab's, or "global"
  kName,       // says nothing where it is the object's
};

struct Tolerated {
  std::string name{};
  // Scalars that say nothing, as a file writes them; case does not count. Null, "" and empty lists
  // and objects say nothing either, nor do lists and objects all of whose values say nothing.
  std::vector<std::string> defaults{};
  Tolerance tolerance = Tolerance::kAtDefaults;
  std::string unless{};  // a property beside it that leaves it without effect
};

const std::vector<Tolerated>& tolerated_properties(ObjectType type);
const Tolerated* find_tolerated(ObjectType type, const std::string& property);  // null: none

// The parts of the table.
using ToleratedByObject = std::vector<std::pair<ObjectType, std::vector<Tolerated>>>;
ToleratedByObject tolerated_of_networks();
ToleratedByObject tolerated_of_apps();

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#pragma once

// Properties that Azure has and that are not emulated, by the object that has them: templates and
// exports are full of them. At Azure's default they are taken in silence, with any other value they
// are warned about by name and kept for the lab that is written again; in neither case are they
// unknown (contract, part 2).

#include <string>
#include <vector>

#include "lab/schema/schema.hpp"

namespace egress::lab {

struct Tolerated {
  std::string name{};
  // Scalars that say nothing, as a file writes them; case does not count. Null, "" and empty lists
  // and objects say nothing either, nor does an object all of whose values say nothing.
  std::vector<std::string> defaults{};
  bool read_only = false;  // Azure tells it: it says nothing, whatever it is
};

const std::vector<Tolerated>& tolerated_properties(ObjectType type);
const Tolerated* find_tolerated(ObjectType type, const std::string& property);  // null: none

}  // namespace egress::lab

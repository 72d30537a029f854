// SPDX-License-Identifier: MIT
#pragma once

// Where key paths lead in a lab's document, as in findings: "sites.web",
// "networkSecurityGroups.nsg.securityRules.deny-sql", "expectations[0]". Names may hold dots, and
// those of resources are found in any case.

#include <string>
#include <string_view>
#include <vector>

#include "lab/document.hpp"
#include "lab/schema/schema.hpp"

namespace egress::lab {

struct KeyPlace {
  Document::json_pointer at{};
  std::vector<std::string> keys{};  // of `at`, spelled as the document does where they stand in it
  const Document* value = nullptr;  // what stands there; null: nothing
  // Whose property the last key is; null: it is a name in a map or a line of a list.
  const ObjectSchema* object = nullptr;
  const Property* property =
      nullptr;  // that property, or of the map or list; null: none is so called
};

// A name that does not stand in its map is all the rest of the path. Valid as long as `document`.
KeyPlace place_at(const Document& document, std::string_view path);

}  // namespace egress::lab

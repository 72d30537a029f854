// SPDX-License-Identifier: MIT
#pragma once

// From the key paths of rules to places in the file.

#include <string>

#include "lab/read/yaml_tree.hpp"

namespace egress::lab {

// Where `path` stands in the file: a scalar's own place, an object's key. What the file spells
// otherwise is found too and corrected in `path`: a plural key that stands there in the singular, a
// property of a site that stands in its siteConfig. The nearest ancestor stands in for what the
// file leaves out.
Mark find_place(const YamlTree& tree, std::string& path);

}  // namespace egress::lab

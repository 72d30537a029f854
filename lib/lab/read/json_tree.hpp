// SPDX-License-Identifier: MIT
#pragma once

// The loader's tree and JSON documents, one as the other.

#include "lab/document.hpp"
#include "lab/read/yaml_tree.hpp"

namespace egress::lab {

// Without places. Depth and size are the document's.
YamlTree tree_of(const Document& document);

// Plain scalars become what YAML 1.2 makes of them, but numbers alone that JSON writes in the same
// digits. A key that repeats stays repeated.
Document json_of(const YamlNode& node);

}  // namespace egress::lab

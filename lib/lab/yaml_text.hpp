// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "lab/document.hpp"

namespace egress::lab {

// YAML that reads back as the same document, in blocks.
std::string yaml_text(const Document& document);

}  // namespace egress::lab

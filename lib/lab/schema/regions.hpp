// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace egress::lab {

// Azure's regions as ARM names them: those of the public cloud, and of the sovereign ones.
const std::vector<std::string>& azure_regions();

}  // namespace egress::lab

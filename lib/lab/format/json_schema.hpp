// SPDX-License-Identifier: MIT
#pragma once

// The JSON Schema of lab files, written from the format's description (lab/schema/schema.hpp). It
// takes every file that the loader takes, and refuses what can be seen to be wrong without knowing
// the rest of the file.

#include <string>

namespace egress::lab {

std::string json_schema();

}  // namespace egress::lab

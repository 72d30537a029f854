// SPDX-License-Identifier: MIT
#pragma once

// What is written from the format's description (lab/schema/schema.hpp).

#include <string>

namespace egress::lab {

// The JSON Schema of lab files. It takes every file that the loader takes, and refuses what can be
// seen to be wrong without knowing the rest of the file.
std::string json_schema();

// The tables of egressd-lab(5): `page` in scdoc's form, with each line "@NAME@" replaced by the
// table of the object of that name. Whoever changes the description's objects sees to it that the
// page has them all.
std::string with_tables(const std::string& page);

}  // namespace egress::lab

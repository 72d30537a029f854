// SPDX-License-Identifier: MIT
#pragma once

// The tables of egressd-lab(5), written from the format's description (lab/schema/schema.hpp).

#include <string>

namespace egress::lab {

// `page` in scdoc's form, with each line "@NAME@" replaced by the table of the object of that name.
// Whoever changes the description's objects sees to it that the page has them all.
std::string with_tables(const std::string& page);

}  // namespace egress::lab

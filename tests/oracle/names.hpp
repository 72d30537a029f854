// SPDX-License-Identifier: MIT
#pragma once

// Names of random labs and who answers for them: private zones that lie in each other or have one
// name, their links, public records, machines that are name servers, and whom apps ask.

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab that has none.
void add_names(lab::Lab& lab, Random& random);
// One of them otherwise, or gone.
void change_names(lab::Lab& lab, Random& random);

}  // namespace egress::oracle

// SPDX-License-Identifier: MIT
#pragma once

#include "lab/lab.hpp"

namespace egress::lab {

// Every name that something in the lab has or that a record is about, whoever can resolve it: of
// hosts, services and sites, of public DNS, private zones and hosts' own servers.
Names known_names(const Lab& lab);

// Whether `name` is one of them, or what a wildcard among them ("*.corp.internal") stands for.
bool stands_in(const Names& known, const std::string& name);

}  // namespace egress::lab

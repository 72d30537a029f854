// SPDX-License-Identifier: MIT
#pragma once

// The service tags of a lab that names no file of them.

#include "lab/lab.hpp"

namespace egress::lab {

// What apps usually reach, in West Europe, North Europe and East US. A tag without a region holds
// what those of its regions do.
const ServiceTags& built_in_service_tags();

}  // namespace egress::lab

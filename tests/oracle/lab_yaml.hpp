// SPDX-License-Identifier: MIT
#pragma once

// A Lab as the lab file that declares it, so that what the oracle finds can be kept, read and
// loaded again.

#include <string>

#include "lab/load.hpp"

namespace egress::oracle {

// `service_tags_file` is named in the file when the lab has service tags.
std::string to_yaml(const lab::Lab& lab, const std::string& service_tags_file);
// The tags in Microsoft's published JSON form.
std::string to_service_tags_json(const lab::ServiceTags& tags);

// What the loader makes of the lab when it is written out.
lab::Loaded reload(const lab::Lab& lab);

}  // namespace egress::oracle

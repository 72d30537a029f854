// SPDX-License-Identifier: MIT
#pragma once

// Deployment slots. To all but its file a lab has a slot as a site of its own, SITE-SLOT as its
// host name says: `sites.web.slots.staging` is the site "web-staging". It inherits its app's plan,
// region and subscription, and nothing else (azure-facts 13.10, contract "Decided" 28).

#include <string>

#include "lab/lab.hpp"

namespace egress::lab {

std::string site_of_slot(const std::string& app, const std::string& slot);
// Of a site that is a slot: "staging".
std::string slot_name(const std::string& site, const Site& declared);

// Where the site stands in the lab's document: "sites.web", "sites.web.slots.staging".
std::string path_of_site(const Lab& lab, const std::string& site);
// The same of a path that leads to or through a site by its name: "sites.web-staging.identity" is
// "sites.web.slots.staging.identity". Any other path is as it was.
std::string document_path(const Lab& lab, const std::string& path);

}  // namespace egress::lab

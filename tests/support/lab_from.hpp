// SPDX-License-Identifier: MIT
#pragma once

// Labs in the words of their files. What does not load ends the test with an exception that says
// why.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::testing_support {

lab::Lab lab_from(const std::string& yaml);
lab::Lab lab_in(const std::string& file);

// The lab that `lab` becomes with the members of `yaml`; null removes (RFC 7396). Service tags that
// no file names stay.
lab::Lab with(const lab::Lab& lab, const std::string& yaml);

// Those that a lab gets at first, with such instances.
lab::IntegrationAddresses leases_of(const lab::Lab& lab, const lab::Instances& instances = {});

// The example of the documentation, config/examples/contract.yaml.
lab::Lab contract_lab();

// Tags with these prefixes, each of the region behind the dot of its name.
std::shared_ptr<const lab::ServiceTags> service_tags(
    const std::map<std::string, std::vector<std::string>>& tags);

}  // namespace egress::testing_support

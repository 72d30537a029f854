// SPDX-License-Identifier: MIT
#pragma once

// Service tags by name: the built-in ones that mean something else in each subnet, and those of a
// file in Microsoft's published JSON form, of which the IPv4 prefixes are kept.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lab/lab.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {

// kInvalid, naming the tag where one is at fault.
Result<ServiceTags> parse_service_tags(const std::string& json);
// The file that holds `tags` and nothing else. kInvalid when no file can.
Result<std::string> write(const ServiceTags& tags);

// VirtualNetwork, Internet, AzureLoadBalancer and the platform's three (azure-facts 4.4); none of
// them can be a route's prefix (5.3.5).
const std::vector<std::string>& built_in_tags();
bool is_built_in_tag(const std::string& canonical);

// Those of the lab's file; without one the built-in ones (lab/built_in_service_tags.hpp).
const ServiceTags& tags_of(const Lab& lab);

// Finds a tag's canonical spelling from any other.
class TagNames {
 public:
  explicit TagNames(const ServiceTags& declared);
  std::optional<std::string> canonical(const std::string& spelling) const;
  Nearest nearest(const std::string& spelling) const;

 private:
  std::map<std::string, std::string> by_lower_case_{};
};

}  // namespace egress::lab

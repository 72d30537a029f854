// SPDX-License-Identifier: MIT
#pragma once

// What distinguishes a lab from the one in force, resource by resource, in ARM's words, and which
// addresses it takes and leaves: what `plan` tells.

#include <optional>
#include <string>
#include <vector>

#include "ipam/leases.hpp"
#include "lab/lab.hpp"

namespace egress::inspect {

struct PropertyChange {
  std::string name{};                   // within its resource: "capacity", "impairment.loss"
  std::optional<std::string> before{};  // JSON; unset: nothing stands there
  std::optional<std::string> after{};
  bool operator==(const PropertyChange&) const = default;
};

// A resource that a new lab adds, changes or removes; with properties when it changes.
struct ResourceChange {
  std::string verb{};  // "add", "change", "remove"
  std::string kind{};  // "subnet", "securityRule" (lab/resource_kinds.hpp); of the lab itself "lab"
  std::string name{};  // "spoke/integration", "nsg/deny-sql"; of the lab itself empty
  std::vector<PropertyChange> properties{};
  bool operator==(const ResourceChange&) const = default;
};

// `before` is null when no lab is in force. Parents come before their children. Neither what is
// expected nor what the file of service tags is called is part of what a lab makes; tags that are
// others in a file of the same name are a change from that name to itself.
std::vector<ResourceChange> resource_changes(const lab::Lab* before, const lab::Lab& after);

struct AddressChanges {
  std::vector<ipam::Lease> taken{};
  std::vector<ipam::Lease> released{};  // at once, or with the time until which it waits
};
// What has only waited is neither.
AddressChanges address_changes(const ipam::LeaseChange& change);

}  // namespace egress::inspect

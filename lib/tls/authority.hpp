// SPDX-License-Identifier: MIT
#pragma once

// The authority of a lab, which signs for whoever answers TLS there. Who trusts it believes
// everything that calls itself by a name of the lab, and so by any name: programs in the lab do,
// the machine does not.

#include <string>

#include "base/result.hpp"

namespace egress::tls {

// In PEM. Empty where there is none.
struct Authority {
  std::string certificate{};
  std::string key{};
  bool operator==(const Authority&) const = default;
};

// A new one, with a key of its own. It ends with the lab and at no date, so that no clock matters.
Result<Authority> make_authority(const std::string& name);

}  // namespace egress::tls

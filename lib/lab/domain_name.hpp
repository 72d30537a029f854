// SPDX-License-Identifier: MIT
#pragma once

// How domain names are written in lab files.

#include <string>
#include <string_view>

namespace egress::lab {

inline constexpr const char* kDomainNameForm =
    "labels of letters, digits, '-' and '_', joined by '.'";

// Labels of 1 to 63 letters, digits, '-' and '_', '-' neither first nor last, joined by dots: 253
// characters at most.
bool is_domain_name(std::string_view name);
// The same, where a first label "*" stands for all names that are not there (RFC 4592).
bool is_record_name(std::string_view name);
// RFC 1123: without '_'.
bool is_host_name(std::string_view name);

// Lower case and without a final dot.
std::string plain_domain_name(std::string_view name);
// The full name of a record set that is called `relative` in `zone`; "@" is the zone's own name.
std::string full_name(std::string_view relative, const std::string& zone);
// Whether `name` is `zone` or ends in its labels. Both plain.
bool lies_in_zone(std::string_view name, std::string_view zone);

}  // namespace egress::lab

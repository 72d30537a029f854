// SPDX-License-Identifier: MIT
#pragma once

// URLs of platform services, as sites name them.

#include <optional>
#include <string>
#include <string_view>

namespace egress::lab {

struct HttpsUrl {
  std::string host{};  // a domain name, lower case
  std::string path{};  // with the '/' in front, or empty
};

// "https://HOST[:443][/PATH][?QUERY]" (RFC 3986; case counts in PATH alone), else nothing. The
// query is left out, as it may hold secrets.
std::optional<HttpsUrl> parse_https_url(std::string_view text);

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#include "lab/https_url.hpp"

#include <algorithm>

#include "lab/domain_name.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {

std::optional<HttpsUrl> parse_https_url(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  constexpr std::string_view kPort = ":443";
  if (!equal_ignoring_case(text.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  text = text.substr(0, text.find_first_of("?#"));
  const size_t slash = std::min(text.find('/'), text.size());
  std::string_view host = text.substr(0, slash);
  if (host.ends_with(kPort)) host.remove_suffix(kPort.size());
  std::string name = plain_domain_name(host);
  if (!is_domain_name(name)) return std::nullopt;
  return HttpsUrl{std::move(name), std::string(text.substr(slash))};
}

}  // namespace egress::lab

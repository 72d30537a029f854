// SPDX-License-Identifier: MIT
#include "settings/authority_text.hpp"

#include "settings/record_sets_text.hpp"

namespace egress::settings {

std::string to_text(const tls::Authority& authority) {
  return Json{{"certificate", authority.certificate}, {"key", authority.key}}.dump();
}

Result<tls::Authority> parse_authority(const std::string& text) {
  return parse_json(text, "settings of an authority", [](const Json& json) {
    return tls::Authority{.certificate = json.at("certificate"), .key = json.at("key")};
  });
}

}  // namespace egress::settings

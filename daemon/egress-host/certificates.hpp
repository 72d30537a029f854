// SPDX-License-Identifier: MIT
#pragma once

// What the process shows to clients that begin TLS: certificates that the lab's authority signs
// when they are first asked for, and which are kept for those who ask again.

#include <map>
#include <optional>
#include <string>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "policy/served_names.hpp"
#include "tls/signer.hpp"

namespace egress::host {

class Certificates {
 public:
  Certificates() = default;
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // In place of another one; by none with an empty one. kInvalid when that is no authority; the one
  // before stays.
  Status sign_by(const tls::Authority& authority);
  bool ready() const { return signer_.has_value(); }

  // In DER, both. Of `name`, by which a client asks, if `served` covers it; otherwise, as who asks
  // by an address says no name, of all that is served, at `local`. Null when there is none to be
  // had.
  const std::string* certificate_for(const policy::ServedNames& served, const std::string& name,
                                     Ipv4Address local);
  const std::string& key() const { return signer_->key(); }

 private:
  const std::string* signed_for(const tls::Subject& subject);

  tls::Authority authority_{};
  std::optional<tls::Signer> signer_{};
  std::map<std::string, std::string> known_{};  // by what they say
};

}  // namespace egress::host

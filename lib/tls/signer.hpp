// SPDX-License-Identifier: MIT
#pragma once

// Makes the certificates that a program shows which answers TLS: one key of its own, and for each
// name or address that somebody asks it by a certificate of the lab's authority.

#include <memory>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "tls/authority.hpp"

namespace egress::tls {

// Of whom a certificate speaks; not empty.
struct Subject {
  std::vector<std::string> names{};
  std::vector<Ipv4Address> addresses{};
};

class Signer {
 public:
  // kInvalid when that is no authority.
  static Result<Signer> make(const Authority& authority);
  ~Signer();
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;

  // In DER, both.
  Result<std::string> certificate_for(const Subject& subject) const;
  const std::string& key() const;

 private:
  struct Keys;
  explicit Signer(std::unique_ptr<Keys> keys);
  std::unique_ptr<Keys> keys_;
};

}  // namespace egress::tls

// SPDX-License-Identifier: MIT
#pragma once

// Whether apps believe those who answer them in TLS by the names that the lab has for them.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "policy/network.hpp"
#include "tests/oracle/lookups.hpp"
#include "tests/support/folder.hpp"
#include "tls/authority.hpp"

namespace egress::oracle {

class TlsProbe {
 public:
  TlsProbe();
  // By which the lab's hosts sign.
  const tls::Authority& authority() const { return authority_; }
  // What is wrong with the answer; nothing also where there is to be none.
  std::vector<std::string> differences(const policy::Network& network, const std::string& prefix,
                                       const NameCase& name);

 private:
  tls::Authority authority_;
  testing_support::Folder folder_{};
  std::string certificate_;  // the file
  uint16_t source_port_ = 0;
};

}  // namespace egress::oracle

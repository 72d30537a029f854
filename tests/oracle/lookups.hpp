// SPDX-License-Identifier: MIT
#pragma once

// What apps of random labs look up: every name that the lab has, what lies above, below and beside
// it, and what nobody has.

#include <optional>
#include <string>
#include <vector>

#include "policy/names.hpp"
#include "policy/network.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

struct NameCase {
  lab::Sender from{};
  std::string name{};
  policy::RecordType type = policy::RecordType::kA;
  bool tcp = false;
};

// Where somebody answers the app who asks there for the name in TLS, from such a port; none where
// nobody does.
std::optional<Ipv4Address> answered_in_tls(const policy::Network& network, const NameCase& name,
                                           uint16_t source_port);

std::vector<NameCase> random_names(const lab::Lab& lab, uint64_t seed, size_t count);

}  // namespace egress::oracle

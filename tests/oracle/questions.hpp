// SPDX-License-Identifier: MIT
#pragma once

// What the oracle asks analysis and kernel alike: whether a flow passes, what a name means, whether
// an app starts.

#include <string>
#include <variant>

#include "tests/oracle/generator.hpp"
#include "tests/oracle/lookups.hpp"
#include "tests/oracle/starts.hpp"

namespace egress::oracle {

using Question = std::variant<ProbeCase, NameCase, StartCase>;

const lab::Sender& sender_of(const Question& question);
// "app0/1 tcp://10.0.1.4:443 from port 20017", "app0/1 resolves www.example.com A over UDP",
// "app0/1 starts".
std::string to_text(const Question& question);

}  // namespace egress::oracle

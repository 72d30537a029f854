// SPDX-License-Identifier: MIT
#pragma once

namespace egress::e2e {

// What unbound needs to run as whoever the test is and to write nothing. All of its configuration
// comes through a pipe, as the profile that AppArmor holds it to lets it read no files of a test.
inline constexpr const char* kUnboundAlone = R"(server:
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  directory: ""
  pidfile: ""
  use-syslog: no
  module-config: "iterator"
)";

}  // namespace egress::e2e

// SPDX-License-Identifier: MIT
#pragma once

namespace egress::ctl {

// While it lives, Ctrl-C is noted instead of ending the process; the second one ends it.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  static bool came();
};

}  // namespace egress::ctl

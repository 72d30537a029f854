// SPDX-License-Identifier: MIT
#include "egressctl/interrupts.hpp"

#include <csignal>

namespace egress::ctl {
namespace {

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

Interrupts::Interrupts() {
  interrupted = 0;
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
}

Interrupts::~Interrupts() {
  std::signal(SIGINT, SIG_DFL);
}

bool Interrupts::came() {
  return interrupted != 0;
}

}  // namespace egress::ctl

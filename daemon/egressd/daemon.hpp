// SPDX-License-Identifier: MIT
#pragma once

// The running daemon: composes loop, session, operations and server, and reacts to signals. One
// thread does all of it, because entering a network namespace is a property of the thread.

#include <memory>
#include <string>

#include "egressd/api.hpp"
#include "egressd/http_server.hpp"
#include "egressd/loop.hpp"
#include "egressd/operations.hpp"
#include "egressd/queries.hpp"
#include "egressd/session.hpp"
#include "egressd/settings.hpp"
#include "egressd/verifier.hpp"
#include "kernel/kernel.hpp"

namespace egress::daemon {

class Daemon {
 public:
  // `session` is restored already.
  Daemon(Settings settings, Session session, kernel::Kernel& kernel, Probe probe);

  // Serves on `listener` until a signal ends it; the lab stays in force.
  Status run(UniqueFd listener);

 private:
  Status take_up_lab();
  void apply_configured_lab();
  Status read_configuration_again();
  void reload();
  void stop();
  void after_pass();
  void feed_watchdog();

  Settings settings_;
  Session session_;
  Loop loop_{};
  Operations operations_;
  Queries queries_;
  Api api_;
  std::unique_ptr<HttpServer> server_{};
  Timer watchdog_;
  Signal on_terminate_;
  Signal on_interrupt_;
  Signal on_hangup_;
  bool stopping_ = false;
  bool reload_wanted_ = false;
};

}  // namespace egress::daemon

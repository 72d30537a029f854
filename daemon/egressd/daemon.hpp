// SPDX-License-Identifier: MIT
#pragma once

// The running daemon: composes loop, session, operations and server, and reacts to signals. One
// thread has the lab, the kernel and the clients; others compute, and send probes (uv/workers.hpp).

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "egressd/flow_watch.hpp"
#include "egressd/gateway_sessions.hpp"
#include "egressd/http_server.hpp"
#include "egressd/operations.hpp"
#include "egressd/probing.hpp"
#include "egressd/queries.hpp"
#include "egressd/scaling.hpp"
#include "egressd/settings.hpp"
#include "egressd/startups.hpp"
#include "kernel/kernel.hpp"
#include "probe/verifier.hpp"
#include "session/session.hpp"
#include "uv/loop.hpp"
#include "uv/workers.hpp"

namespace egress::daemon {

// Each may hold a lab and what it becomes. Of libuv's threads one more is the status's, one that of
// those who watch, and one asks the speakers of gateways.
inline constexpr size_t kWorksAtOnce = 3;
inline constexpr size_t kThreads = kWorksAtOnce + 3;

class Daemon {
 public:
  // `session` is restored already.
  Daemon(Settings settings, session::Session session, kernel::Kernel& kernel,
         const probe::Probes& probes, const Clock& clock);

  // Serves on `listener` until a signal ends it; the lab stays in force.
  Status run(UniqueFd listener);

 private:
  Daemon(Settings settings, session::Session session, kernel::Kernel& kernel,
         const std::shared_ptr<probe::Verifier>& verifier, const Clock& clock);
  void take_up_lab();
  void be_ready();
  void end_start();
  void notify_ready() const;
  void apply_configured_lab(uv::Callback then);
  Status read_configuration_again();
  void reload();
  void stop();
  void after_pass();
  void wind_down();
  void feed_watchdog();

  Settings settings_;
  session::Session session_;
  Clock clock_;
  uv::Loop loop_{};
  uv::Workers workers_;
  Wires wires_;
  Operations operations_;
  Scaling scaling_;
  Startups startups_;
  GatewaySessions gateway_sessions_;
  Queries queries_;
  Probing probing_;
  FlowWatch flow_watch_;
  std::unique_ptr<HttpServer> server_{};
  uv::Timer watchdog_;
  uv::Signal on_terminate_;
  uv::Signal on_interrupt_;
  uv::Signal on_hangup_;
  bool stopping_ = false;
  bool reload_wanted_ = false;
};

}  // namespace egress::daemon

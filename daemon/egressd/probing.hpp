// SPDX-License-Identifier: MIT
#pragma once

// The questions of the control interface that are answered with real packets and lookups, over the
// lab that is in force when they are asked. Should lab or kernel be changed meanwhile, or be so
// already, the answer is kBusy: their changes are not the kernel's disagreement.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "control/protocol.hpp"
#include "egressd/answers.hpp"
#include "egressd/operations.hpp"
#include "inspect/expectations.hpp"
#include "probe/verifier.hpp"
#include "session/session.hpp"
#include "uv/workers.hpp"

namespace egress::daemon {

class Probing {
 public:
  Probing(uv::Workers& workers, const session::Session& session, Operations& operations,
          std::shared_ptr<probe::Verifier> verifier, Clock clock)
      : workers_(workers),
        session_(session),
        operations_(operations),
        verifier_(std::move(verifier)),
        clock_(std::move(clock)) {}

  // Both warn of wires that do not carry packets as they come.
  struct Verified {
    probe::Verified seen{};
    std::vector<std::string> warnings{};
  };
  struct Tested {
    std::vector<inspect::TestResult> results{};
    std::vector<std::string> warnings{};
  };

  // As Queries::explain(), and with a packet.
  void verify(const control::ExplainRequest& request, Then<Verified> then);
  // As Queries::resolve(), and with a lookup by the app's own resolver.
  void verify(const control::ResolveRequest& request, Then<probe::NameVerified> then);
  // The expectations of the lab in force, with packets, and starts as they were performed.
  void test(lab::LabText text, Then<Tested> then);

 private:
  // `work` returns an OrRefusal.
  template <typename T, typename Work>
  void send_packets(const char* what, Work work, Then<T> then);

  uv::Workers& workers_;
  const session::Session& session_;
  Operations& operations_;
  std::shared_ptr<probe::Verifier> verifier_;  // works under way share it
  Clock clock_;
};

}  // namespace egress::daemon

// SPDX-License-Identifier: MIT
#pragma once

// The program that carries the packets of TUN wires, as the daemon speaks with it: it is told when
// the kernel is being changed, since no disagreement counts then, and asked what it has seen.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/kernel.hpp"
#include "session/session.hpp"
#include "settings/wire_text.hpp"

namespace egress::daemon {

// The plan's instances that are meant: all of them, or one.
struct WireSelection {
  std::string server_farm{};
  std::optional<int> instance{};
  std::string to_string() const;  // "plan" or "plan/0"
};

class Wires {
 public:
  Wires(kernel::Kernel& kernel, const session::Session& session)
      : kernel_(kernel), session_(session) {}

  // On the loop's thread, and soon done. A pass is about to change something.
  void changing();
  // A pass has ended, and left nothing to do.
  void settled();

  // What can be asked on any thread; made on the loop's. A program that says nothing is kBusy.
  template <typename T>
  using Question = std::function<Result<T>()>;
  // Without wires in the lab an empty report.
  Question<settings::WireReport> report() const;
  // So many packets in each direction of each wire that is held, as the machine's clock says
  // `now_ms`. kConflict when none is.
  Question<settings::StepsTaken> step(const WireSelection& which, int packets,
                                      int64_t now_ms) const;

  // Where the packets of these wires are told, a settings::WireRecord a message.
  Result<UniqueFd> records(const std::vector<std::string>& wires) const;

 private:
  Result<std::shared_ptr<kernel::Program>> program() const;
  bool tell(const settings::WireQuestion& what);

  kernel::Kernel& kernel_;
  const session::Session& session_;
  bool settled_ = false;  // it was told so, and of nothing else since
};

// As what wires are told of time is written: of the machine's clock, since 1970.
inline int64_t ms_since_epoch(ipam::TimePoint time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// "plan/0 spoke/integration" of each TUN wire, by the instance that it is of.
std::vector<std::pair<policy::WorkerKey, std::string>> wires_of(const policy::Network& network);

// A wire's disagreements between evaluator and kernel, a sentence for people each.
std::vector<std::string> problems_of(const settings::WireReport& report);

// Whose packets are not carried as they come: "the wire of plan/0 is impaired". `now_ms` is the
// machine's clock since 1970.
std::optional<std::string> wire_warning(const policy::Network& network,
                                        const policy::WorkerKey& worker, int64_t now_ms);

}  // namespace egress::daemon

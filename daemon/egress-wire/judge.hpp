// SPDX-License-Identifier: MIT
#pragma once

// A thread that knows the lab, and says of each new flow what becomes of it. The network is its own
// alone, so that a new one is taken by assignment; while it is being analysed nobody is answered,
// and packets pass. What it takes to ask the kernel, control has opened for it.
//
// A question is answered in this order: what the network's connection tracking has told is read; it
// has told of this flow, or has an entry of it, or neither; the evaluator is asked; the two are
// held against each other.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "egress-wire/carrier.hpp"
#include "egress-wire/rings.hpp"
#include "kernel/conntrack/events.hpp"
#include "kernel/conntrack/table.hpp"
#include "policy/network.hpp"
#include "settings/wire_text.hpp"
#include "wire/recent_flows.hpp"

namespace egress::wires {

// What there is to read of a wire's flows.
struct Findings {
  settings::FlowCounts flows{};
  std::deque<settings::Disagreement> disagreements{};  // the last few
};

class Judge {
 public:
  // `bell` wakes it. Both outlive it.
  static Result<std::unique_ptr<Judge>> start(const Bulletin& bulletin, const Bell& bell);
  ~Judge();
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  // Once, before there is a wire. They outlive the judge.
  void serve(std::vector<Carrier*> carriers);

  // What follows is heard in this order, by and by. A network's text, or that there is none.
  void learn(std::optional<std::string> situation, uint32_t generation);
  // A virtual network's namespace, by its name.
  Status watch(const std::string& netns, int netns_fd);
  void forget(const std::string& netns);
  // A wire and the namespace that it leads to.
  void assign(uint16_t wire, const lab::Integration& integration, const std::string& netns);
  void dismiss(uint16_t wire);

  // The bulletin has another phase.
  void look_at_phase();
  // Whether it goes by one in which disagreements count.
  bool settled() const { return is_settled(phase_.load()); }

  Findings findings(uint16_t wire) const;
  uint32_t generation() const;  // of the last network that it has taken
  std::string problem() const;  // with its text

 private:
  struct Watched {
    kernel::FlowEvents events;
    std::shared_ptr<kernel::Conntrack> table;
    wire::RecentFlows recent;
    wire::TimePoint deaf_until;  // what was told of packets from before may not be known any more
  };
  struct Assigned {
    lab::Integration integration{};
    std::string netns{};
  };
  // What came of one question.
  struct Verdict {
    wire::Decision decision{};
    wire::Agreement agreement = wire::Agreement::kUntold;
  };

  Judge(const Bulletin& bulletin, const Bell& bell);
  void post(std::function<void()> errand);
  void work();
  void run_errands();
  void take_network(const std::optional<std::string>& situation, uint32_t generation);
  void drain(Watched& watched);
  void drain_all();
  void forget_told();
  uint32_t notice_phase();
  bool answer_some(Carrier& carrier);
  Verdict judge(const Question& question);
  wire::KernelWord kernel_word(Watched& watched, const Question& question);
  void count(const Question& question, const Verdict& verdict);

  const Bulletin& bulletin_;
  const Bell& bell_;

  // The thread's own.
  std::vector<Carrier*> carriers_{};
  std::shared_ptr<const policy::Network> network_{};
  std::map<lab::Integration, policy::Index> integrations_{};  // of the network
  wire::TimePoint drained_{};                                 // all namespaces' events
  std::map<std::string, Watched> watched_{};
  std::vector<std::optional<Assigned>> assigned_;  // by the wire's number
  bool stopped_ = false;

  // Shared with control, and never with a carrier.
  std::atomic<uint32_t> phase_{0};  // that it has noticed
  mutable std::mutex mutex_{};
  std::vector<std::function<void()>> errands_{};
  std::vector<Findings> findings_;
  uint32_t generation_ = 0;
  std::string problem_{};

  std::thread thread_{};
};

}  // namespace egress::wires

// SPDX-License-Identifier: MIT
#include "egress-wire/judge.hpp"

#include <poll.h>

#include <chrono>
#include <system_error>
#include <utility>

#include "base/memory.hpp"
#include "compile/marks.hpp"
#include "egress-wire/quiet_thread.hpp"
#include "settings/situation_text.hpp"

namespace egress::wires {
namespace {

using wire::Agreement;
using Clock = std::chrono::steady_clock;

constexpr size_t kEventsBuffer = size_t{8} << 20U;
constexpr size_t kRecentFlows = 32'768;
constexpr size_t kEventsAtOnce = 4096;
constexpr size_t kDisagreements = 8;
// So that what nobody asks about makes room.
constexpr std::chrono::milliseconds kDrainEvery{1000};

// ICMP's type and code are no part of a key.
wire::FlowKey key_of(const state::TrackedFlow& flow) {
  return {.protocol = flow.protocol,
          .source = flow.source,
          .destination = flow.destination,
          .source_port = flow.source_port,
          .destination_port = has_ports(flow.protocol) ? flow.destination_port : uint16_t{0}};
}

state::TrackedFlow tracked(const wire::FlowKey& key) {
  constexpr uint16_t kEchoRequest = 8 * 256;
  return {.protocol = key.protocol,
          .source = key.source,
          .destination = key.destination,
          .source_port = key.source_port,
          .destination_port = has_ports(key.protocol) ? key.destination_port : kEchoRequest};
}

bool is_disagreement(Agreement agreement) {
  return agreement == Agreement::kKernelPassed || agreement == Agreement::kKernelDropped;
}

int64_t now_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

}  // namespace

Result<std::unique_ptr<Judge>> Judge::start(const Bulletin& bulletin, const Bell& bell) try {
  return std::unique_ptr<Judge>(new Judge(bulletin, bell));
} catch (const std::system_error& error) {
  return Error::from_errno("start a thread", error.code().value());
}

Judge::Judge(const Bulletin& bulletin, const Bell& bell)
    : bulletin_(bulletin),
      bell_(bell),
      assigned_(settings::kMostWires),
      findings_(settings::kMostWires),
      thread_(quiet_thread([this] { work(); })) {}

Judge::~Judge() {
  post([this] { stopped_ = true; });
  thread_.join();
}

void Judge::post(std::function<void()> errand) {
  {
    const std::lock_guard lock(mutex_);
    errands_.push_back(std::move(errand));
  }
  bell_.ring();
}

void Judge::serve(std::vector<Carrier*> carriers) {
  post([this, carriers = std::move(carriers)] { carriers_ = carriers; });
}

void Judge::learn(std::optional<std::string> situation, uint32_t generation) {
  post([this, situation = std::move(situation), generation] {
    // Another is on its way: nobody asks about this one any more.
    if (generation != bulletin_.generation.load()) return;
    take_network(situation, generation);
  });
}

Status Judge::watch(const std::string& netns, int netns_fd) {
  ASSIGN_OR_RETURN(kernel::FlowEvents events, kernel::FlowEvents::open(netns_fd, kEventsBuffer));
  ASSIGN_OR_RETURN(std::shared_ptr<kernel::Conntrack> table, kernel::Conntrack::open(netns_fd));
  const auto watched = std::make_shared<Watched>(Watched{.events = std::move(events),
                                                         .table = std::move(table),
                                                         .recent = wire::RecentFlows(kRecentFlows),
                                                         .deaf_until = Clock::now()});
  post([this, netns, watched] { watched_.insert_or_assign(netns, std::move(*watched)); });
  return {};
}

void Judge::forget(const std::string& netns) {
  post([this, netns] { watched_.erase(netns); });
}

void Judge::assign(uint16_t wire, const lab::Integration& integration, const std::string& netns) {
  post([this, wire, integration, netns] { assigned_[wire] = {integration, netns}; });
}

void Judge::dismiss(uint16_t wire) {
  post([this, wire] {
    assigned_[wire].reset();
    const std::lock_guard lock(mutex_);
    findings_[wire] = {};
  });
}

void Judge::look_at_phase() {
  post([this] { notice_phase(); });
}

Findings Judge::findings(uint16_t wire) const {
  const std::lock_guard lock(mutex_);
  return findings_[wire];
}

uint32_t Judge::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

std::string Judge::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void Judge::work() {
  while (!stopped_) {
    pollfd bell{.fd = bell_.fd(), .events = POLLIN, .revents = 0};
    (void)::poll(&bell, 1, watched_.empty() ? -1 : static_cast<int>(kDrainEvery.count()));
    bell_.silence();
    bool more = true;
    while (more && !stopped_) {
      run_errands();
      more = false;
      for (Carrier* const carrier : carriers_) more = answer_some(*carrier) || more;
    }
    if (Clock::now() - drained_ >= kDrainEvery) drain_all();
  }
}

void Judge::run_errands() {
  std::vector<std::function<void()>> errands;
  {
    const std::lock_guard lock(mutex_);
    errands.swap(errands_);
  }
  for (const auto& errand : errands) errand();
}

void Judge::take_network(const std::optional<std::string>& situation, uint32_t generation) {
  using Analysed = Result<std::shared_ptr<const policy::Network>>;
  std::string problem;
  std::shared_ptr<const policy::Network> network;
  if (situation) {
    const auto analysed = within_memory("analyse the lab", [&]() -> Analysed {
      ASSIGN_OR_RETURN(policy::Situation parsed, settings::parse_situation(*situation));
      return policy::analyse(std::move(parsed), network_.get());
    });
    if (analysed.ok() && analysed->ok()) network = **analysed;
    if (!network) problem = (analysed.ok() ? analysed->error() : analysed.error()).to_string();
  }
  network_ = std::move(network);
  integrations_.clear();
  for (policy::Index each = 0; network_ && each < network_->interfaces.size(); ++each) {
    const lab::Integration* const integration = network_->interfaces[each].integration;
    if (integration != nullptr) integrations_.emplace(*integration, each);
  }
  forget_told();
  const std::lock_guard lock(mutex_);
  generation_ = generation;
  problem_ = std::move(problem);
}

void Judge::drain(Watched& watched) {
  size_t read = kEventsAtOnce;
  while (read == kEventsAtOnce) {
    read = 0;
    const auto whole = watched.events.drain(kEventsAtOnce, [&](const state::TrackedFlow& flow) {
      watched.recent.add(key_of(flow));
      ++read;
    });
    if (!whole.ok() || !*whole) watched.deaf_until = Clock::now();
  }
}

void Judge::drain_all() {
  drained_ = Clock::now();
  for (auto& [netns, watched] : watched_) drain(watched);
}

// An admission from before a change must not count against the lists that are in force behind it.
// What was told of packets since then goes with it, so these are not judged.
void Judge::forget_told() {
  drain_all();
  for (auto& [netns, watched] : watched_) {
    watched.recent.clear();
    watched.deaf_until = Clock::now();
  }
}

uint32_t Judge::notice_phase() {
  const uint32_t phase = bulletin_.phase.load(std::memory_order_acquire);
  if (phase_.load() == phase) return phase;
  forget_told();
  phase_.store(phase);
  return phase;
}

// Without room for answers it goes on when the carrier has read some.
bool Judge::answer_some(Carrier& carrier) {
  if (carrier.questions().read_available() == 0) return false;
  if (carrier.answers().write_available() == 0) {
    carrier.bell().ring();
    return false;
  }
  Question question;
  carrier.questions().pop(question);
  const Verdict verdict = judge(question);
  carrier.answers().push({question.ticket, wire::standing_of(verdict.decision, verdict.agreement)});
  count(question, verdict);
  return true;
}

Judge::Verdict Judge::judge(const Question& question) {
  const uint32_t phase = notice_phase();
  const auto& assigned = assigned_[question.wire];
  if (!network_ || !assigned || question.generation != generation_ || question.phase != phase) {
    return {};
  }
  const auto watched = watched_.find(assigned->netns);
  const auto integration = integrations_.find(assigned->integration);
  if (watched == watched_.end() || integration == integrations_.end()) return {};
  if (network_->interfaces[integration->second].address != question.flow.source) return {};
  Verdict verdict;
  const wire::KernelWord kernel = kernel_word(watched->second, question);
  verdict.decision = wire::decide(*network_, integration->second, question.flow);
  verdict.agreement = wire::compare(verdict.decision, kernel);
  return verdict;
}

wire::KernelWord Judge::kernel_word(Watched& watched, const Question& question) {
  drain(watched);
  wire::KernelWord word{.began = watched.recent.take(question.flow),
                        .complete = question.written > watched.deaf_until};
  if (word.began) return word;
  // What a frontend takes is tracked in a zone of its own.
  for (const uint16_t zone : {uint16_t{0}, compile::kFrontendZone}) {
    state::TrackedFlow wanted = tracked(question.flow);
    wanted.original_zone = zone;
    const auto known = watched.table->find(wanted);
    word.known = word.known || (known.ok() && known->has_value());
    word.complete = word.complete && known.ok();
  }
  return word;
}

void Judge::count(const Question& question, const Verdict& verdict) {
  const bool settled = is_settled(question.phase);
  const Agreement agreement =
      is_disagreement(verdict.agreement) && !settled ? Agreement::kUntold : verdict.agreement;
  const std::lock_guard lock(mutex_);
  auto& [flows, disagreements] = findings_[question.wire];
  ++flows.asked;
  switch (agreement) {
    case Agreement::kAgreed: ++flows.agreed; return;
    case Agreement::kSpared: ++flows.spared; return;
    case Agreement::kUntold: ++flows.untold; return;
    case Agreement::kKernelPassed: ++flows.passed; break;
    case Agreement::kKernelDropped: ++flows.dropped; break;
  }
  disagreements.push_back({.flow = question.flow,
                           .kernel_passed = agreement == Agreement::kKernelPassed,
                           .decided_by = verdict.decision.decided_by,
                           .reason = verdict.decision.reason,
                           .at_ms = now_ms()});
  if (disagreements.size() > kDisagreements) disagreements.pop_front();
}

}  // namespace egress::wires

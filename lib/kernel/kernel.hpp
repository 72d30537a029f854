// SPDX-License-Identifier: MIT
#pragma once

// The one seam to the kernel. LinuxKernel implements it over netlink, nftables and processes;
// FakeKernel (tests/support) keeps maps and refuses what the kernel refuses. One contract suite
// runs against both.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/learned_prefix.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "state/dropped_packet.hpp"
#include "state/foreign_netns.hpp"
#include "state/kernel_state.hpp"
#include "state/ops.hpp"
#include "state/tracked_flow.hpp"

namespace egress::kernel {

// What connection tracking of one namespace holds, IPv4 alone. May be used on another thread than
// the kernel is, by one at a time.
class FlowTable {
 public:
  virtual ~FlowTable() = default;

  virtual Result<std::vector<state::TrackedFlow>> list() = 0;
  // The entry that has these addresses and ports, in this zone, in either direction.
  virtual Result<std::optional<state::TrackedFlow>> find(const state::TrackedFlow& flow) = 0;
  // All change what has these addresses and ports now: a flow that has ended since it was listed
  // is no error, and one that has taken its place is taken for it, as the kernel may give it the
  // same identity.
  virtual Status remove(const std::vector<state::TrackedFlow>& flows) = 0;
  // Each its own `timeout_seconds`, which its next packet resets.
  virtual Status set_timeouts(const std::vector<state::TrackedFlow>& flows) = 0;
  virtual Status set_marks(const std::vector<state::TrackedFlow>& flows) = 0;
};

// One of our programs, to be asked what it knows and does beside its attachments. For any thread.
class Program {
 public:
  static constexpr std::chrono::milliseconds kPatience{5000};
  virtual ~Program() = default;

  // The program's own answer, kNotFound when it has ended, kBusy when it says nothing for as long
  // as `patience`; other errors are the program's.
  virtual Result<std::string> ask(const std::string& question,
                                  std::chrono::milliseconds patience) = 0;
  // A socket, not blocking, on which the program tells of what `filter` is about as it happens, a
  // message each, until either side closes it.
  virtual Result<UniqueFd> records(const std::string& filter) = 0;
};

// What namespaces tell of as it happens: flows that begin, and packets that rules have dropped and
// logged. May be used on another thread than the kernel is, by one at a time.
class FlowFeed {
 public:
  struct Event {
    state::NetnsName netns{};
    std::variant<state::TrackedFlow, state::DroppedPacket> what{};
    bool operator==(const Event&) const = default;
  };
  struct Batch {
    std::vector<Event> events{};
    uint64_t lost = 0;  // that the kernel has told and had no room for, since the last batch
  };
  virtual ~FlowFeed() = default;

  // Readable while there is something to read.
  virtual int fd() const = 0;
  // At most so many; fewer say that no more was there. Does not wait.
  virtual Result<Batch> read(size_t most) = 0;
  // Whether all namespaces were there when it was opened. It tells nothing of those that were not.
  virtual bool is_whole() const = 0;
};

// What the BGP speakers of ours have learned. May be used on another thread than the kernel is, by
// one at a time.
class SpeakerFeed {
 public:
  struct Speaker {
    std::map<uint32_t, std::vector<LearnedPrefix>> learned{};  // by routing table, sorted
    std::string sessions{};  // what it answers when it is asked for them, afterwards
    bool operator==(const Speaker&) const = default;
  };
  // By namespace. Of one that does not run, or says nothing, there is none.
  using Speakers = std::map<state::NetnsName, Speaker>;
  virtual ~SpeakerFeed() = default;

  // Readable when routes of theirs have changed since the last read(); of sessions nothing is told.
  virtual int fd() const = 0;
  virtual Result<Speakers> read() = 0;
};

// A process that is BIRD, by the socket in its folder on which it takes questions.
struct SpeakerRef {
  state::ProcessRef process{};
  std::string socket{};
  std::string question{};
  auto operator<=>(const SpeakerRef&) const = default;
};

// Whether established flows are spared the way through rules and routes (state::FlowCache).
struct FlowCacheUse {
  std::optional<std::string> why_not{};  // for people; nothing where they are
  uint64_t packets = 0;                  // that were, a router each
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  // Everything that is ours, every field that apply() writes.
  virtual Result<state::KernelState> observe() = 0;

  // What observe() finds equal to this shares it, and so compares with it at a look.
  virtual void expect(const std::shared_ptr<const state::KernelState>& /*desired*/) {}

  // What the last observe() found under names that begin like ours and is not ours. It is no part
  // of what observe() gives, and no op touches it: adding a namespace of that name is kExists, and
  // to all else it is as if there were none.
  virtual const state::ForeignNames& foreign() const = 0;

  // A descriptor that is readable while something of ours may have changed since observe() looked,
  // by whomever; -1 when this kernel does not tell. Not every change is told.
  virtual int changes_fd() const { return -1; }
  // Whether a process of ours has ended since observe() looked. It leaves nothing half done behind
  // that a pass would have to wait for.
  virtual bool lost_a_process() const { return false; }

  // Why this machine cannot hold such a state whatever is done, for who asked for it; nothing when
  // it can.
  virtual std::optional<std::string> why_not(const state::KernelState& desired) const = 0;

  // Whether a state may ask for it.
  virtual FlowCacheUse flow_cache() const { return {.why_not = "this kernel has none"}; }
  // From now on all packets go the ordinary way, on which people can see them; and no more.
  virtual void suspend_flow_cache(bool /*suspended*/) {}

  // Performs one op. Already so is success: adding what exists equal, removing what is gone.
  // Errors name the object and carry errno and the kernel's own words.
  virtual Status apply(const state::Op& op) = 0;

  // Packets counted per chain of the namespace's firewall that holds exactly one rule with a
  // counter: "out/integration/deny-sql" -> 12.
  virtual Result<std::map<std::string, uint64_t>> counters(const state::NetnsName& netns) = 0;

  // The flows of a namespace of ours, kNotFound when it is none. No pass looks at them: they are
  // what packets have left behind, and no part of a state.
  virtual Result<std::shared_ptr<FlowTable>> flows(const state::NetnsName& netns) = 0;

  // A process of ours that runs, kNotFound when there is none. Another one that takes its place is
  // not reached by it.
  virtual Result<std::shared_ptr<Program>> program(const state::ProcessRef& process) = 0;

  // Tells of flows that begin in the one namespaces and of packets that are dropped in the others,
  // from now on. Those that are not there, or go, tell nothing. kBusy when somebody else has the
  // log of one of them.
  virtual Result<std::shared_ptr<FlowFeed>> feed(const std::set<state::NetnsName>& flows_of,
                                                 const std::set<state::NetnsName>& drops_of) = 0;

  // Those that are not there are missing.
  virtual Result<std::shared_ptr<SpeakerFeed>> speakers(const std::set<SpeakerRef>& which) = 0;
};

}  // namespace egress::kernel

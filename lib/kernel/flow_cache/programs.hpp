// SPDX-License-Identifier: MIT
#pragma once

// The flow cache of a lab: two eBPF programs that all its routers have at their ports, and what
// they share (flow_cache.bpf.c). Nothing is pinned and no process is needed: what has a port at
// which a program is keeps it, and a later daemon finds it there.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel {

// A program as a filter of cls_bpf has it: the name that we gave the filter, and the kernel's id.
struct FilterProgram {
  std::string name{};
  uint32_t id = 0;
  bool operator==(const FilterProgram&) const = default;
};

// May be used by several threads.
class FlowCachePrograms {
 public:
  enum class Hook { kIngress, kEgress };
  enum class Use { kLoad, kNone };

  // With kNone there are none, and all that are found are others'.
  explicit FlowCachePrograms(Use use);

  // Why there are none, for people; nothing when there are some.
  const std::optional<std::string>& why_not() const { return why_not_; }
  // Of the one at `hook`; -1 without. As long as this lives, and nobody takes others over.
  int fd(Hook hook) const;
  // What filters of it are called, which tells our builds apart.
  static std::string filter_name(Hook hook);

  // Whether what filters have at the two hooks is ours. Those of a daemon before us, of the same
  // build, become ours when they are met before ours have been met anywhere. Of any others' nothing
  // goes past the kernel's own way any more.
  bool recognise(const FilterProgram& ingress, const FilterProgram& egress);

  // From begin_change() on all packets go the ordinary way; with the last end_change() nothing that
  // was learned before counts. What has been changed by others calls for both.
  void begin_change();
  void end_change();

  // Packets that did not go the ordinary way, a router each.
  Result<uint64_t> fast_packets() const;

 private:
  struct Set {
    UniqueFd ingress{};
    UniqueFd egress{};
    UniqueFd generation{};
    UniqueFd counts{};
    uint32_t ingress_id = 0;
    uint32_t egress_id = 0;
  };
  static Result<Set> load();
  static Result<Set> find(uint32_t ingress_id, uint32_t egress_id);

  mutable std::mutex mutex_{};
  std::optional<std::string> why_not_{};
  std::optional<Set> set_{};
  bool given_ = false;  // ports have been seen that have it
  int changes_ = 0;     // under way
  uint32_t generation_ = 1;
};

// While it lives something is being changed. `programs` may be null.
class FlowCacheChange {
 public:
  explicit FlowCacheChange(std::shared_ptr<FlowCachePrograms> programs)
      : programs_(std::move(programs)) {
    if (programs_) programs_->begin_change();
  }
  ~FlowCacheChange() {
    if (programs_) programs_->end_change();
  }
  FlowCacheChange(const FlowCacheChange&) = delete;
  FlowCacheChange& operator=(const FlowCacheChange&) = delete;

 private:
  std::shared_ptr<FlowCachePrograms> programs_;
};

}  // namespace egress::kernel

// SPDX-License-Identifier: MIT
#include "kernel/flow_cache/programs.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/stable_hash.hpp"
#include "flow_cache.skel.h"
#include "kernel/high_fd.hpp"

namespace egress::kernel {
namespace {

constexpr std::string_view kNames = "egressd-";  // of our filters begin so
constexpr const char* kCounts = "egressd_cpu";
constexpr std::string_view kGlobals = ".data";  // how libbpf ends the name of a map of variables

struct Destroy {
  void operator()(flow_cache* skeleton) const { flow_cache::destroy(skeleton); }
};

int say_nothing(libbpf_print_level, const char*, va_list) {
  return 0;
}

// A descriptor of its own, for `fd` belongs to somebody else.
Result<UniqueFd> copied(int fd) {
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return Error::from_errno("keep a program of the flow cache");
  return move_high(std::move(copy));
}

Result<bpf_prog_info> info_of_program(int fd, std::array<uint32_t, 8>& maps) {
  bpf_prog_info info{};
  info.nr_map_ids = static_cast<uint32_t>(maps.size());
  info.map_ids = reinterpret_cast<uintptr_t>(maps.data());
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0) return info;
  return Error::from_errno("look at a program of the flow cache");
}

Result<bpf_map_info> info_of_map(int fd) {
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0) return info;
  return Error::from_errno("look at a map of the flow cache");
}

Result<UniqueFd> program_by_id(uint32_t id) {
  UniqueFd program(bpf_prog_get_fd_by_id(id));
  if (!program.valid()) return Error::from_errno("find a program of the flow cache");
  return move_high(std::move(program));
}

Result<uint32_t> generation_in(int fd) {
  const uint32_t only = 0;
  uint32_t generation = 0;
  if (bpf_map_lookup_elem(fd, &only, &generation) == 0) return generation;
  return Error::from_errno("read the flow cache's generation");
}

// There is no error: the map has the one element, and always had it.
void set_generation(int fd, uint32_t generation) {
  const uint32_t only = 0;
  (void)bpf_map_update_elem(fd, &only, &generation, BPF_ANY);
}

// Tells builds apart that a machine may have had one after the other.
uint32_t digest_of_code() {
  size_t size = 0;
  const auto* bytes = static_cast<const char*>(flow_cache::elf_bytes(&size));
  return static_cast<uint32_t>(scattered(fnv1a({bytes, size})));
}

}  // namespace

FlowCachePrograms::FlowCachePrograms(Use use) {
  if (use == Use::kNone) {
    why_not_ = "it is switched off (fastPath)";
    return;
  }
  auto loaded = load();
  if (loaded.ok()) {
    set_.emplace(*std::move(loaded));
    set_generation(set_->generation.get(), ++generation_);
  } else {
    why_not_ = loaded.error().to_string();
  }
}

Result<FlowCachePrograms::Set> FlowCachePrograms::load() {
  libbpf_set_print(say_nothing);
  const std::unique_ptr<flow_cache, Destroy> skeleton(flow_cache::open());
  if (skeleton == nullptr) return Error::from_errno("read the flow cache's programs");
  if (const int error = flow_cache::load(skeleton.get()); error != 0) {
    return Error::from_errno("the kernel refuses the flow cache's programs", -error);
  }
  Set set;
  ASSIGN_OR_RETURN(set.ingress, copied(bpf_program__fd(skeleton->progs.egressd_fast)));
  ASSIGN_OR_RETURN(set.egress, copied(bpf_program__fd(skeleton->progs.egressd_learn)));
  ASSIGN_OR_RETURN(set.generation, copied(bpf_map__fd(skeleton->maps.data)));
  ASSIGN_OR_RETURN(set.counts, copied(bpf_map__fd(skeleton->maps.egressd_cpu)));
  std::array<uint32_t, 8> maps{};
  ASSIGN_OR_RETURN(const bpf_prog_info ingress, info_of_program(set.ingress.get(), maps));
  ASSIGN_OR_RETURN(const bpf_prog_info egress, info_of_program(set.egress.get(), maps));
  set.ingress_id = ingress.id;
  set.egress_id = egress.id;
  return set;
}

// By those that are at ports.
Result<FlowCachePrograms::Set> FlowCachePrograms::find(uint32_t ingress_id, uint32_t egress_id) {
  Set set{.ingress_id = ingress_id, .egress_id = egress_id};
  ASSIGN_OR_RETURN(set.ingress, program_by_id(ingress_id));
  ASSIGN_OR_RETURN(set.egress, program_by_id(egress_id));
  std::array<uint32_t, 8> maps{};
  ASSIGN_OR_RETURN(const bpf_prog_info info, info_of_program(set.ingress.get(), maps));
  for (uint32_t i = 0; i < info.nr_map_ids && i < maps.size(); ++i) {
    UniqueFd map(bpf_map_get_fd_by_id(maps.at(i)));
    if (!map.valid()) return Error::from_errno("find a map of the flow cache");
    ASSIGN_OR_RETURN(const bpf_map_info found, info_of_map(map.get()));
    const std::string_view name = found.name;
    if (name.ends_with(kGlobals) && found.value_size != sizeof(uint32_t)) continue;
    UniqueFd& place = name == kCounts ? set.counts : set.generation;
    if (name == kCounts || name.ends_with(kGlobals)) {
      ASSIGN_OR_RETURN(place, move_high(std::move(map)));
    }
  }
  if (!set.generation.valid()) {
    return Error{.code = Errc::kNotFound, .message = "a program that is none of the flow cache"};
  }
  return set;
}

int FlowCachePrograms::fd(Hook hook) const {
  const std::lock_guard lock(mutex_);
  if (!set_) return -1;
  return hook == Hook::kIngress ? set_->ingress.get() : set_->egress.get();
}

std::string FlowCachePrograms::filter_name(Hook hook) {
  static const uint32_t digest = digest_of_code();
  return fmt::format("egressd-{}-{:08x}", hook == Hook::kIngress ? "fast" : "learn", digest);
}

bool FlowCachePrograms::recognise(const FilterProgram& ingress, const FilterProgram& egress) {
  const std::lock_guard lock(mutex_);
  if (set_ && set_->ingress_id == ingress.id && set_->egress_id == egress.id) return given_ = true;
  // What others have put there is theirs, and not written to.
  if (!ingress.name.starts_with(kNames) || !egress.name.starts_with(kNames)) return false;
  auto found = find(ingress.id, egress.id);
  if (!found.ok()) return false;
  const int its_generation = found->generation.get();
  const bool same_build =
      ingress.name == filter_name(Hook::kIngress) && egress.name == filter_name(Hook::kEgress);
  const auto last = generation_in(its_generation);
  if (set_ && !given_ && same_build && last.ok()) {
    // Odd, if whoever had them ended in the middle of a change.
    generation_ = (*last | 1U) + (changes_ == 0 ? 1 : 0);
    set_.emplace(*std::move(found));
    given_ = true;
  } else {
    set_generation(its_generation, last.ok() ? *last | 1U : 1U);
    return false;
  }
  set_generation(its_generation, generation_);
  return true;
}

// 0 means in a bucket that its place is free.
void FlowCachePrograms::begin_change() {
  const std::lock_guard lock(mutex_);
  if (changes_++ > 0) return;
  generation_ |= 1U;
  if (set_) set_generation(set_->generation.get(), generation_);
}

void FlowCachePrograms::end_change() {
  const std::lock_guard lock(mutex_);
  if (--changes_ > 0) return;
  if (++generation_ == 0) generation_ = 2;
  if (set_) set_generation(set_->generation.get(), generation_);
}

Result<uint64_t> FlowCachePrograms::fast_packets() const {
  const std::lock_guard lock(mutex_);
  if (!set_) return uint64_t{0};
  const int processors = libbpf_num_possible_cpus();
  if (processors < 0) return Error::from_errno("count processors", -processors);
  ASSIGN_OR_RETURN(const bpf_map_info map, info_of_map(set_->counts.get()));
  constexpr size_t kAligned = sizeof(uint64_t);
  const size_t words = (map.value_size + kAligned - 1) / kAligned;
  std::vector<uint64_t> values(words * static_cast<size_t>(processors));
  const uint32_t only = 0;
  if (bpf_map_lookup_elem(set_->counts.get(), &only, values.data()) != 0) {
    return Error::from_errno("count packets of the flow cache");
  }
  uint64_t sum = 0;
  for (size_t i = 0; i < values.size(); i += words) sum += values[i];
  return sum;
}

}  // namespace egress::kernel

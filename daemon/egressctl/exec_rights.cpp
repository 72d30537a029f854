// SPDX-License-Identifier: MIT
#include "egressctl/exec_rights.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace egress::ctl {

namespace {

constexpr std::array kKept = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE,     CAP_FOWNER,     CAP_FSETID,      CAP_KILL,
    CAP_SETGID, CAP_SETUID,           CAP_SETPCAP,    CAP_SETFCAP,     CAP_NET_RAW,
    CAP_MKNOD,  CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_AUDIT_WRITE,
};

constexpr uint64_t kept_mask() {
  uint64_t mask = 0;
  for (const int capability : kKept) mask |= uint64_t{1} << static_cast<unsigned>(capability);
  return mask;
}

// What root gets with the next program is bounded by this set.
Status bound(uint64_t mask) {
  for (unsigned capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    if ((mask >> capability & 1U) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability) != 0) return Error::from_errno("give up rights");
  }
  return {};
}

}  // namespace

Status keep_rights_of_containers() {
  constexpr uint64_t kMask = kept_mask();
  RETURN_IF_ERROR(bound(kMask));
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return Error::from_errno("read rights");
  for (size_t word = 0; word < sets.size(); ++word) {
    const auto part = static_cast<uint32_t>(kMask >> (32 * word));
    sets[word].effective &= part;
    sets[word].permitted &= part;
    sets[word].inheritable &= part;
  }
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return Error::from_errno("give up rights");
  return {};
}

}  // namespace egress::ctl

// SPDX-License-Identifier: MIT
#pragma once

// TUN devices: making one that stays, and the queue of one that is there. Needs base alone, so that
// who carries packets uses it without the rest of this folder. Where a thread is when it opens the
// driver's file decides in which namespace the device is, so all of this is called inside it
// (netns_scope.hpp).

#include <linux/if_tun.h>

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel {

// Each packet has virtio's header of 10 bytes in front, and nothing else.
inline constexpr int kTunFlags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
inline constexpr int kTunHeaderBytes = 10;

// Why this machine makes no TUN devices for us; nothing when it does.
std::optional<std::string> why_no_tun();

// Down, without anybody at its queue, until somebody removes it. `index` is its link index: one
// that the kernel chose itself might be given out by us later on. kExists when there is a link of
// that name.
Status create_tun(const std::string& name, int index);

// The queue of such a device, not blocking. While somebody has it the link has a carrier, and when
// this returns a link that is up sends. kBusy when another has it, kNotFound when there is no such
// device; one of another kind is refused with EINVAL.
Result<UniqueFd> open_tun_queue(const std::string& name);

// Whether the device whose queue it is has not been removed.
bool has_device(int queue);

// What a device hands over: whole packets alone; without checksums, and TCP of many segments in one
// packet, up to 64 KiB; likewise UDP, which needs kernel 6.2 (6.1 refuses all together when it is
// asked for). A device takes what its kernel could have handed over.
enum class Offload { kNone, kTcp, kTcpAndUdp };
// As much as it can, which is told, or nothing.
Result<Offload> set_offload(int queue, bool on);

}  // namespace egress::kernel

// SPDX-License-Identifier: MIT
#pragma once

// What `systemctl status` shows of the daemon. Without NOTIFY_SOCKET nothing happens.

#include <systemd/sd-daemon.h>

#include <string>

namespace egress::daemon {

inline void notify_status(const std::string& status) {
  sd_notifyf(0, "STATUS=%s", status.c_str());
}

}  // namespace egress::daemon

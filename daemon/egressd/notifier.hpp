// SPDX-License-Identifier: MIT
#pragma once

// What systemd is told about the daemon. Without NOTIFY_SOCKET every call does nothing.

#include <chrono>
#include <optional>
#include <string>

namespace egress::daemon {

void notify_ready(const std::string& status);
void notify_reloading();
void notify_stopping();
void notify_status(const std::string& status);
void notify_watchdog();

// How often to call notify_watchdog(); empty when nobody waits for it.
std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace egress::daemon

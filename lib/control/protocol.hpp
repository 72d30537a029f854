// SPDX-License-Identifier: MIT
#pragma once

// What crosses the control socket, as plain data (ARCHITECTURE.md section 4). json.hpp gives each
// its JSON form; status.hpp, context.hpp and changes.hpp derive them from a lab.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipam/leases.hpp"
#include "ipam/store.hpp"

namespace egress::control {

inline constexpr int kApiVersion = 1;
// Labs travel with the files they name; Microsoft's service tag file is 4 MiB of it.
inline constexpr size_t kLargestBody = size_t{32} << 20U;
// What has come so far of all requests that are not complete.
inline constexpr size_t kLargestBodies = 2 * kLargestBody;
inline constexpr size_t kMostConnections = 256;
// For a request to come in whole, and for a client to read on in its answer.
inline constexpr std::chrono::seconds kPatience{30};

// How a lab travels: its text and the files that the text names.
using LabText = ipam::AppliedLab;

struct AppStatus {
  std::string site{};
  int instance = 0;
  std::string worker{};  // namespace of the plan instance
  std::string netns{};
  bool integrated = false;
  std::string subnet{};  // "spoke/integration", empty when not integrated
  std::optional<Ipv4Address> private_ip{};
  std::optional<Ipv4Address> outbound_ip{};
  // What enters the virtual network: "all", "private" (RFC1918 and the VNet's own), "none".
  std::string application_routing{};
};

struct WorkerInterface {
  std::string name{};
  std::string subnet{};
  Ipv4Address address{};
};

struct WorkerStatus {
  std::string name{};  // "plan/0"
  std::string netns{};
  std::vector<WorkerInterface> interfaces{};
};

struct HostStatus {
  std::string name{};
  std::string netns{};
  Ipv4Address address{};
  std::vector<std::string> listen{};  // "tcp/443"
};

struct LastPass {
  double seconds = 0;
  size_t operations = 0;
  size_t failed = 0;
};

// Changes by others that a pass undid.
struct LastRepair {
  ipam::TimePoint at{};
  std::vector<std::string> operations{};
};

struct StatusReport {
  std::optional<std::string> lab{};  // name of the applied file; empty when none is in force
  std::string prefix{};
  bool in_sync = false;
  std::vector<AppStatus> apps{};
  std::vector<WorkerStatus> workers{};
  std::vector<HostStatus> hosts{};
  std::vector<std::string> drift{};     // one line per object that differs from what is wanted
  std::vector<std::string> problems{};  // why the daemon cannot do its work, for people
  std::optional<LastPass> last_pass{};  // empty before the first one
  std::optional<LastRepair> last_repair{};
  std::vector<ipam::Lease> pending_releases{};
};

// What a program needs to run as an app.
struct AppContext {
  std::string netns{};
  std::map<std::string, std::string> environment{};
  std::string resolv_conf{};
  std::string hosts{};
};

struct Progress {
  size_t done = 0;
  size_t total = 0;
  std::string what{};
};

struct FailedObject {
  std::string object{};
  std::string message{};
};

struct PassResult {
  size_t changed = 0;
  std::vector<FailedObject> failed{};
  std::vector<std::string> drift{};  // what still differs
  double seconds = 0;
};

// A resource that a new lab adds, changes or removes.
struct ResourceChange {
  std::string verb{};  // "add", "change", "remove"
  std::string kind{};  // "subnet", "securityRule"
  std::string name{};  // "spoke/integration", "nsg/deny-sql"
  bool operator==(const ResourceChange&) const = default;
};

struct Plan {
  std::vector<ResourceChange> resources{};
  std::vector<std::string> operations{};  // kernel objects, one line each
};

}  // namespace egress::control

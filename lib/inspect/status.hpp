// SPDX-License-Identifier: MIT
#pragma once

// What a lab looks like when it is in force: apps, workers, hosts, services and front ends with
// their namespaces and addresses. Pure; the daemon adds what only the kernel and its clock know.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inspect/links.hpp"
#include "inspect/startup.hpp"
#include "ipam/leases.hpp"
#include "lifecycle/transition.hpp"
#include "policy/network.hpp"
#include "settings/wire_text.hpp"

namespace egress::inspect {

struct AppStatus {
  std::string site{};
  int instance = 0;
  int incarnation = 0;  // of its plan's instances (lab/instances.hpp)
  lab::Standing standing = lab::Standing::kServing;
  std::string worker{};  // namespace of the plan instance
  std::string netns{};
  bool integrated = false;
  std::string subnet{};  // "spoke/integration", empty when not integrated
  std::optional<Ipv4Address> private_ip{};
  std::vector<uint16_t> private_ports{};  // at that address
  Ipv4Address outbound_ip{};
  // What enters the virtual network: "all", "private" (RFC1918 and the VNet's own), "none".
  std::string application_routing{};
  AppState state = AppState::kRunning;
  std::optional<lab::TrafficClass> failed_step{};  // of one whose start has failed
  std::string reason{};                            // likewise
};

struct WorkerInterface {
  std::string name{};
  std::string subnet{};
  Ipv4Address address{};
};

struct WorkerStatus {
  std::string name{};  // "plan/0", "plan/0 next" of one that has come beside it
  std::string netns{};
  std::vector<WorkerInterface> interfaces{};
};

// An emulated machine, a platform service, or the front end of an app.
struct HostStatus {
  std::string name{};
  std::string kind{};  // "host", "service" or "front"
  std::string netns{};
  // None of a front that only private endpoints lead to, nor of a host with prefixes.
  std::optional<Ipv4Address> address{};
  std::vector<Ipv4Prefix> prefixes{};
  std::vector<std::string> listen{};  // "tcp/443"
};

// What the flows of one instance to one destination use of App Service's own source NAT.
struct SnatStatus {
  std::string instance{};  // "plan/0"
  Ipv4Address address{};   // as which the destination sees them
  Ipv4Address destination{};
  Port port{};
  size_t used = 0;  // ports
};

// What flows use of one address of a NAT gateway, in one protocol.
struct NatGatewayStatus {
  std::string name{};
  Ipv4Address address{};
  Protocol protocol = Protocol::kTcp;
  size_t used = 0;  // ports
  size_t limit = 0;
  std::map<std::string, size_t> senders{};  // likewise: "plan/0", or a machine's name
};

// Azure's words for a neighbour's session.
enum class BgpState { kConnected, kConnecting };
const char* name_of(BgpState state);

struct GatewayConnectionStatus {
  std::string on_premises{};
  std::optional<Ipv4Address> neighbour{};  // of a connection with BGP whose network has a speaker
  std::optional<BgpState> session{};       // unset where BGP is not spoken
  size_t learned = 0;                      // prefixes, or those that count as learned
  size_t declared = 0;                     // static ones
};
struct GatewayStatus {
  std::string name{};
  std::string netns{};
  std::string virtual_network{};
  std::vector<GatewayConnectionStatus> connections{};
};

// Of what somebody has asked for, while it is at work.
struct RunningOperation {
  std::string what{};       // "apply"
  ipam::TimePoint since{};  // by the machine's clock
  // Of the pass: objects of the kernel; none before it begins.
  size_t done = 0;
  size_t total = 0;
};

struct DaemonStatus {
  std::string version{};
  int pid = 0;
  ipam::TimePoint since{};  // by the machine's clock
};

// Whether established flows are spared the way through rules and routes.
struct FastPathStatus {
  std::optional<std::string> why_not{};  // for people; nothing where they are
  uint64_t packets = 0;                  // that were since the programs are there, a router each
};

struct LastPass {
  double seconds = 0;
  size_t operations = 0;
  size_t failed = 0;
};

// Since the daemon began.
struct PassCounts {
  uint64_t passes = 0;
  uint64_t operations = 0;  // done
  uint64_t failures = 0;    // operations that failed, or were skipped as others had
  uint64_t repairs = 0;     // passes that undid changes by others
};

// Changes by others that a pass undid.
struct LastRepair {
  ipam::TimePoint at{};
  std::vector<std::string> operations{};
};

// The lab's clock, which is the machine's until it is moved on.
struct ClockReading {
  ipam::TimePoint now{};
  std::chrono::seconds offset{};  // ahead of the machine's
};

// A plan that gets from one size to another: both sets of its instances are there.
struct ScalingStatus {
  lifecycle::Scaling change{};
  lab::Standing stage = lab::Standing::kStarting;  // of the set that is not serving
};
// By plan; empty when no plan is being scaled.
std::vector<ScalingStatus> scalings_of(const lab::Lab& lab, const lab::Instances& instances);

struct StatusReport {
  std::optional<std::string> lab{};  // name of the applied file; empty when none is in force
  uint64_t version = 0;              // of the lab in force: grows with each change of it
  ClockReading clock{};
  std::string prefix{};
  bool in_sync = false;
  std::vector<AppStatus> apps{};
  std::vector<WorkerStatus> workers{};
  std::vector<HostStatus> hosts{};
  std::vector<SnatStatus> snat{};  // the largest of each instance, largest first
  std::vector<NatGatewayStatus> nat_gateways{};
  std::vector<GatewayStatus> gateways{};
  std::vector<settings::OneWire> wires{};  // those that are TUN devices, as they report
  // One line per object that differs from what is wanted; none while an operation changes them.
  std::vector<std::string> drift{};
  std::vector<std::string> problems{};   // why the daemon cannot do its work, for people
  std::vector<lab::Finding> warnings{};  // of the lab in force
  DaemonStatus daemon{};
  FastPathStatus fast_path{};
  std::optional<RunningOperation> operation{};
  // Changes by others are left alone until then, by the machine's clock.
  std::optional<ipam::TimePoint> held_until{};
  std::optional<LastPass> last_pass{};  // empty before the first one
  std::optional<LastRepair> last_repair{};
  PassCounts counts{};
  std::vector<ipam::Lease> pending_releases{};
  std::vector<ServiceAssociationLink> links{};
  std::vector<ScalingStatus> scalings{};
};

// A report of what the lab has, without what only the daemon, its kernel and its clock know.
// `prefix` starts every namespace's name.
StatusReport describe(const policy::Network& network, const std::string& prefix);

}  // namespace egress::inspect

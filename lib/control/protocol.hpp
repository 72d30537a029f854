// SPDX-License-Identifier: MIT
#pragma once

// What crosses the control socket and is no answer about a lab (those are inspect's), as plain data
// (ARCHITECTURE.md section 4), and the bounds of the protocol. json.hpp gives each its JSON form.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inspect/network_watcher.hpp"
#include "inspect/plan.hpp"
#include "inspect/startup.hpp"
#include "inspect/status.hpp"
#include "lab/impairment.hpp"
#include "lab/load.hpp"
#include "lifecycle/journal.hpp"
#include "lifecycle/operation.hpp"
#include "lifecycle/transition.hpp"
#include "policy/explain.hpp"
#include "reconcile/pass.hpp"
#include "settings/wire_text.hpp"

namespace egress::control {

inline constexpr int kApiVersion = 1;
// What both sides put at the head of what they say: the API that they speak, and the version that
// they are, in lower case. A request of another API is refused before anything comes of it.
inline constexpr const char* kApiHeader = "egressd-api";
inline constexpr const char* kVersionHeader = "egressd-version";
// Labs travel with the files they name; Microsoft's service tag file is 4 MiB of it.
inline constexpr size_t kLargestBody = size_t{32} << 20U;
// What has come so far of all requests that are not complete.
inline constexpr size_t kLargestBodies = 2 * kLargestBody;
inline constexpr size_t kMostConnections = 256;
// For a request to come in whole, and for a client to read on in its answer.
inline constexpr std::chrono::seconds kPatience{30};

struct ExplainRequest {
  lab::Sender app{};
  std::string url{};
  // Unset: the decision assumes policy::Flow's default, and a probe takes a port of its own, so
  // that no earlier flow's record decides for it.
  std::optional<uint16_t> source_port{};
  bool verify = false;
};

struct IpFlowRequest {
  lab::Sender app{};
  inspect::IpFlow flow{};
};

struct NextHopRequest {
  lab::Sender app{};
  Ipv4Address destination{};
};

struct ResolveRequest {
  lab::Sender app{};
  std::string name{};  // as lab::plain_domain_name() gives it
  policy::RecordType type = policy::RecordType::kA;
  bool verify = false;
};

struct AdvanceRequest {
  std::chrono::seconds by{};  // at least one
};

// Repairs are left for so long; none: they go on.
struct HoldRequest {
  std::optional<std::chrono::seconds> duration{};
};

// Whether it makes sense to send the daemon requests, and its lab packets.
struct Health {
  enum class State { kOk, kBusy, kDegraded };
  State state = State::kOk;
  std::vector<std::string> problems{};
};

struct TrafficRequest {
  lab::TrafficClass traffic = lab::TrafficClass::kApplication;
};

// What the wires of a plan's instances do to packets from now on, in place of what the lab says.
// Neither impairment nor hold: what the lab says again.
struct ImposeRequest {
  std::optional<lab::Impairment> impairment{};
  bool held = false;
  std::optional<std::chrono::seconds> duration{};  // empty: until it is taken back
  bool clears() const { return !impairment && !held; }
};
// Somebody may forget a hold, and then nothing goes that way any more.
inline constexpr std::chrono::seconds kHoldUnlessTold = std::chrono::minutes(10);

struct StepRequest {
  int packets = 1;  // in each direction of each wire
};
inline constexpr int kMostSteps = settings::kWireQueue;

struct OperationRequest {
  lifecycle::Operation operation{};
};

struct WatchRequest {
  std::string site{};             // or empty: all of them
  std::optional<int> instance{};  // of the site; empty: all of them
  bool packets = false;           // what wires carry, too
  bool denied = false;            // only what does not get through
};
// Of clients that watch, and of bytes that wait for one that reads slowly.
inline constexpr size_t kMostWatchers = 16;
inline constexpr size_t kMostUnread = size_t{1} << 20U;

// What is watched, and was not told for want of room.
enum class LostIn { kKernel, kDaemon, kWire, kClient };
struct LostRecords {
  LostIn where = LostIn::kKernel;
  std::optional<uint64_t> count{};  // empty: nobody knows
};

using reconcile::Progress;

struct FailedObject {
  std::string object{};
  std::string message{};
};

struct PassResult {
  size_t changed = 0;        // objects of the kernel
  bool lab_changed = false;  // the lab in force is another one
  std::vector<FailedObject> failed{};
  std::vector<std::string> drift{};  // what still differs
  double seconds = 0;
  std::vector<inspect::AppStartup> not_running{};  // of an operation that may start apps
  std::optional<inspect::AppStartup> backup{};     // of one that makes one: what it came to
  lifecycle::Effects effects{};
  std::vector<std::string> notes{};     // of an operation on the lab: what nobody named
  std::vector<std::string> warnings{};  // about the lab, that it has not had before
};

// What moving the lab's clock on came to.
struct ClockAdvance {
  inspect::ClockReading clock{};  // behind it
  size_t ended_flows = 0;
  std::vector<FailedObject> failed{};  // namespaces whose flows are as they were
};

// The lab in force as a file declares it.
struct LabExport {
  lab::LabText text{};
  uint64_t version = 0;
};

struct Plan {
  std::vector<inspect::ResourceChange> resources{};
  std::vector<lifecycle::Refusal> refusals{};  // of the transition
  lifecycle::Effects effects{};
  inspect::AddressChanges addresses{};
  std::vector<lifecycle::Undone> undoes{};  // operations that the file takes back
  std::vector<std::string> operations{};    // kernel objects, one line each; none when refused
  std::vector<lab::Finding> findings{};
};

}  // namespace egress::control

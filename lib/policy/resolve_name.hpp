// SPDX-License-Identifier: MIT
#pragma once

// What a name means to an app: every server that it asks, whether the question gets there and back,
// what the server says, and whose answer counts (azure-facts 8.1, 8.2; contract "Decided" 24).
// The TCP retry of a UDP question that is lost is not emulated.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "policy/dns_settings.hpp"
#include "policy/names.hpp"
#include "policy/network.hpp"
#include "policy/stage.hpp"

namespace egress::policy {

struct LookupResult {
  NameStatus status = NameStatus::kNoError;
  std::vector<Record> records{};
};
// What real servers say that are no part of the lab; nothing when none of them answers. `machine`
// is a host that has nothing on port 53 by the lab, where somebody may run a server all the same;
// it is kNowhere for the servers of publicDns.forwardTo.
using AskUpstream = std::function<std::optional<LookupResult>(
    Index machine, const std::string& name, RecordType type)>;

// One server that the app asks.
struct ServerAnswer {
  Ipv4Address server{};
  lab::LookupStatus status = lab::LookupStatus::kTimeout;
  NameAnswer answer{};        // nothing in it when the question or the answer is lost
  bool at_once = true;        // false: the app waits for its time-out
  int waits = 0;              // how often a forwarder behind it gave an earlier one its grace
  std::string stopped_by{};   // the rule, route or peering that lost the question, or empty
  std::vector<Step> steps{};  // of the question's way
  std::string reason{};       // what the server says or why it says nothing, for people
};

struct Resolution {
  std::string name{};
  RecordType type = RecordType::kA;
  lab::LookupStatus status = lab::LookupStatus::kTimeout;
  std::vector<Ipv4Address> addresses{};
  std::vector<ServerAnswer> servers{};  // in the order in which their answers count
  std::optional<size_t> answered_by{};  // in `servers`; none: no answer counts
  int seconds = 0;                      // that the app waits
  DecidedBy decided_by{};
  Step step{};  // the whole as one step of an explanation
  DnsSettings settings{};
  std::string suggestion{};  // a name of the lab's that is nearly this one, which does not exist
};

// `app` has a lease when it is integrated. Without `ask` nobody is asked what only real servers
// know, and the answer is a time-out that says so. Records of all types count; `addresses` are
// those of type A.
Resolution resolve_name(const Network& network, const Network::App& app, const std::string& name,
                        RecordType type = RecordType::kA, const AskUpstream& ask = nullptr);
// Errors as find_app(), or find_machine() and check_has_servers(). Of a class that makes
// two attempts, what it means to the last.
Result<Resolution> resolve_name(const Network& network, const Sender& sender,
                                const std::string& name, RecordType type = RecordType::kA,
                                const AskUpstream& ask = nullptr);

// What it means to `machine`, the interface of a host in a network, which asks the DNS servers that
// DHCP tells to it.
Resolution resolve_for_machine(const Network& network, Index machine, const std::string& name,
                               RecordType type = RecordType::kA, const AskUpstream& ask = nullptr);

// kInvalid for a host that nobody tells of DNS servers: one on the Internet.
Status check_has_servers(const Network& network, Index machine);

// The addresses that `name` has for `machine`, the interface of a host in a network, whose DNS
// servers it asks in their order. None where nobody answers, or only real servers could.
std::vector<Ipv4Address> addresses_for_machine(const Network& network, Index machine,
                                               const std::string& name);

}  // namespace egress::policy

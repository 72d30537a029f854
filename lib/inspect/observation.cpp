// SPDX-License-Identifier: MIT
#include "inspect/observation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compile/names.hpp"
#include "compile/ways.hpp"

namespace egress::inspect {

namespace {

std::string text_of(const std::optional<Ipv4Address>& address) {
  return address ? address->to_string() : "nothing";
}

// The same words for the same answer, whoever gives it.
std::string told(std::vector<Ipv4Address> addresses) {
  if (addresses.empty()) return "without an address";
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  std::vector<std::string> texts;
  for (const Ipv4Address address : addresses) texts.push_back(address.to_string());
  return fmt::format("{}", fmt::join(texts, ", "));
}

void compare_arrival(const policy::Explanation& expected, const Observation& seen,
                     std::vector<std::string>& found) {
  if (!seen.arrived) {
    found.push_back(
        fmt::format("explain: the packet reaches {}; kernel: it did not arrive", expected.host));
    return;
  }
  if (seen.host != expected.host) {
    found.push_back(fmt::format("explain: the packet reaches {}; kernel: it reached {}",
                                expected.host, seen.host));
  }
  // The platform hides some behind an address of its own that nobody declares.
  const auto& sources = expected.sources;
  const bool one_of_them =
      seen.source && std::find(sources.begin(), sources.end(), *seen.source) != sources.end();
  if (!sources.empty() && !one_of_them) {
    found.push_back(fmt::format("explain: {} sees source {}; kernel: {}", expected.host,
                                told(sources), text_of(seen.source)));
  }
}

const char* answer_name(bool replied, bool refused) {
  if (refused) return "a refusal";
  return replied ? "an answer" : "no answer";
}

constexpr const char* kNoAnswer = "without an answer (SERVFAIL or time-out)";

std::string told(lab::Access access, const std::string& code) {
  return code.empty() ? lab::name_of(access) : fmt::format("{} ({})", lab::name_of(access), code);
}

std::string told(const policy::Resolution& expected) {
  switch (expected.status) {
    case lab::LookupStatus::kNoError: return told(expected.addresses);
    case lab::LookupStatus::kNxDomain: return lab::name_of(expected.status);
    case lab::LookupStatus::kServfail:
    case lab::LookupStatus::kTimeout: break;
  }
  return kNoAnswer;
}

// Each once, as "sql.example.com A 10.1.2.4".
std::string told(const std::vector<policy::Record>& records) {
  std::set<std::string> texts;
  for (const policy::Record& record : records) {
    texts.insert(fmt::format("{} {} {}", record.name, policy::to_text(record.type),
                             policy::data_text(record)));
  }
  return texts.empty() ? "no record" : fmt::format("{}", fmt::join(texts, "; "));
}

std::string told(const LookupSeen& seen) {
  constexpr int kNoError = 0;
  constexpr int kServfail = 2;
  constexpr int kNxDomain = 3;
  if (!seen.answered || seen.rcode == kServfail) return kNoAnswer;
  if (seen.rcode == kNoError) return told(seen.addresses);
  if (seen.rcode == kNxDomain) return lab::name_of(lab::LookupStatus::kNxDomain);
  return fmt::format("response code {}", seen.rcode);
}

// Whose private ports are there.
void add_apps_behind(const policy::Network& network, const std::string& prefix,
                     const policy::Interface& integration,
                     std::map<std::string, std::string>& found) {
  const auto& [server_farm, instance, subnet, incarnation, app] = *integration.integration;
  const policy::Network::Worker& worker = network.workers.at({server_farm, instance, incarnation});
  for (const auto& [name, site] : network.sites) {
    if (site.subnet != integration.subnet || site.declared->server_farm != server_farm) continue;
    if (site.private_ports.empty()) continue;
    found.emplace(compile::app_netns(prefix, name, instance, worker.is_next),
                  policy::name_of({name, instance}, worker));
  }
}

}  // namespace

std::vector<std::string> differences(Protocol protocol, const policy::Explanation& expected,
                                     const Observation& seen) {
  std::vector<std::string> found;
  const bool allowed = expected.verdict == lab::Verdict::kAllow;
  // Allowed without a host is the platform itself, which has no namespace to watch.
  if (allowed && expected.host.empty()) {
    const bool answers = !expected.reply || expected.reply->verdict == lab::Verdict::kAllow;
    const bool unanswered = !seen.replied || seen.refused;
    if (answers ? protocol == Protocol::kTcp && unanswered : seen.replied) {
      found.push_back(fmt::format("explain: the platform {}; kernel: {}",
                                  answers ? "answers" : "says nothing",
                                  answer_name(seen.replied, seen.refused)));
    }
    return found;
  }
  // Nobody foretells as which address and port source NAT shows it.
  if (expected.depends_on_source && seen.arrived) return found;
  if (allowed) {
    compare_arrival(expected, seen, found);
  } else if (seen.arrived) {
    found.push_back(fmt::format("explain: {} by {}; kernel: the packet reached {}",
                                lab::name_of(expected.verdict), expected.decided_by.name,
                                seen.host));
  }
  // A probe sees the answer to its first packet alone.
  const bool answer_returns =
      allowed ? expected.reply &&
                    (expected.reply->verdict == lab::Verdict::kAllow || expected.reply->half_open)
              : true;
  if (expected.answer_unknown && answer_returns) {
    if (protocol == Protocol::kTcp && !seen.replied && !seen.refused) {
      found.push_back("explain: an answer or a refusal comes back; kernel: no answer");
    }
    return found;
  }
  if (seen.by_program && answer_returns) return found;
  const bool refusal = expected.refused && answer_returns;
  const bool answer = allowed && !expected.refused && answer_returns;
  // A refusal is no answer, whatever else the probe noted of it.
  const bool seen_answer = seen.replied && !seen.refused;
  const bool unsaid = protocol != Protocol::kTcp && refusal && !seen.replied;
  if (unsaid) return found;
  if (refusal != seen.refused || answer != seen_answer) {
    found.push_back(fmt::format("explain: {} comes back; kernel: {}", answer_name(answer, refusal),
                                answer_name(seen_answer, seen.refused)));
  }
  return found;
}

bool may_be_of_program(const policy::Network& network, const policy::Explanation& expected,
                       const Observation& seen) {
  return expected.refused && seen.arrived && seen.host == expected.host && seen.replied &&
         !seen.refused && network.situation.lab.hosts.contains(expected.host);
}

std::vector<std::string> differences(const policy::Resolution& expected, const LookupSeen& seen) {
  const std::string said = told(seen);
  const std::string should = told(expected);
  if (said != should) {
    return {fmt::format("explain: {} is {}; resolver: {}", expected.name, should, said)};
  }
  if (!expected.answered_by) return {};
  const std::string records = told(expected.servers[*expected.answered_by].answer.records);
  const std::string seen_records = told(seen.records);
  if (records == seen_records) return {};
  return {fmt::format("explain: {} has {}; resolver: {}", expected.name, records, seen_records)};
}

std::vector<std::string> differences(const policy::ServiceAnswer& expected,
                                     const std::optional<AccessSeen>& seen) {
  const std::string said = seen ? told(seen->access, seen->code) : "nothing that tells";
  const std::string should = told(expected.access, expected.code);
  const bool to_another_source =
      std::any_of(expected.others.begin(), expected.others.end(),
                  [&](const auto& other) { return said == told(other.access, other.code); });
  if (said == should || to_another_source) return {};
  return {fmt::format("explain: the service says {}; service: {}", should, said)};
}

std::map<std::string, std::string> receivers(const policy::Network& network,
                                             const std::string& prefix, Ipv4Address address) {
  std::map<std::string, std::string> found;
  for (const policy::Interface& interface : network.interfaces) {
    if (interface.address != address) continue;
    if (interface.integration != nullptr) {
      add_apps_behind(network, prefix, interface, found);
      continue;
    }
    if (interface.frontend != policy::kNowhere) {
      for (const auto& rule : network.frontends[interface.frontend].rules) {
        for (const policy::Index each : rule.machines) {
          const policy::Interface& machine = network.interfaces[each];
          found.emplace(compile::machine_netns(prefix, machine), machine.name);
        }
      }
      continue;
    }
    const bool endpoint = interface.kind == policy::InterfaceKind::kPrivateEndpoint;
    const policy::Interface& machine = endpoint ? network.interfaces[interface.behind] : interface;
    found.emplace(compile::machine_netns(prefix, machine), machine.name);
  }
  const auto by_public = network.public_machines.find(address);
  if (by_public != network.public_machines.end()) {
    const policy::Interface& reached = network.interfaces[by_public->second];
    found.emplace(compile::machine_netns(prefix, reached), reached.name);
  }
  for (const auto& [held, holder] : network.internet_prefixes) {
    if (holder == policy::kNowhere || !held.contains(address)) continue;
    const policy::Interface& machine = network.interfaces[holder];
    found.emplace(compile::machine_netns(prefix, machine), machine.name);
  }
  return found;
}

}  // namespace egress::inspect

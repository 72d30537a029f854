// SPDX-License-Identifier: MIT
#include "policy/resolve_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/domain_name.hpp"
#include "lab/flow_url.hpp"
#include "lab/known_names.hpp"
#include "lab/suggest.hpp"
#include "policy/name_texts.hpp"
#include "policy/platform.hpp"
#include "policy/real_servers.hpp"
#include "policy/reply.hpp"
#include "policy/walk.hpp"

namespace egress::policy {
namespace {

using lab::LookupStatus;
using lab::Verdict;

// Forwarders that lead from one to the next, and questions that one lookup may cost in all: labs
// can declare forwarders that multiply without end.
constexpr size_t kMostForwarders = 8;
constexpr int kMostQuestions = 512;

LookupStatus status_of(NameStatus status) {
  switch (status) {
    case NameStatus::kNoError: return LookupStatus::kNoError;
    case NameStatus::kNxDomain: return LookupStatus::kNxDomain;
    case NameStatus::kServfail:
    case NameStatus::kRefused: return LookupStatus::kServfail;
    case NameStatus::kForward: return LookupStatus::kTimeout;
  }
  return LookupStatus::kTimeout;
}

// contract "Decided" 24: a SERVFAIL is no answer.
bool counts(LookupStatus status) {
  return status == LookupStatus::kNoError || status == LookupStatus::kNxDomain;
}

// What follows the aliases of `before`.
NameAnswer joined(NameAnswer before, NameAnswer rest) {
  before.records.insert(before.records.end(), rest.records.begin(), rest.records.end());
  rest.records = std::move(before.records);
  return rest;
}

class Lookup {
 public:
  Lookup(const Network& network, RecordType type, const AskUpstream& ask)
      : network_(network), type_(type), ask_upstream_(ask) {}

  ServerAnswer ask(const Origin& origin, Ipv4Address server, const std::string& name) {
    if (++questions_ > kMostQuestions) {
      return lost(server, "the forwarders ask one another without end.");
    }
    if (server == kAzurePlatform) return ask_azure(origin, name);
    if (lab::never_leaves_a_host(server)) {
      return lost(server,
                  fmt::format("packets to {} never leave the app's own host.", server.to_string()));
    }
    return ask_machine(origin, server, name);
  }

 private:
  static ServerAnswer lost(Ipv4Address server, const std::string& why) {
    return {.server = server,
            .at_once = false,
            .reason = fmt::format("{} gives no answer: {}", server.to_string(), why)};
  }

  static ServerAnswer lost(Ipv4Address server, const DecidedBy& by, std::vector<Step> steps) {
    return {.server = server,
            .at_once = false,
            .stopped_by = by.name,
            .steps = steps,
            .reason = fmt::format("{} gives no answer: {}", server.to_string(),
                                  steps.empty() ? std::string{} : steps.back().reason)};
  }

  ServerAnswer ask_azure(const Origin& origin, const std::string& name) {
    const Packet packet{.protocol = number_of(Protocol::kUdp),
                        .source = origin.interface == kNowhere
                                      ? Ipv4Address{}
                                      : network_.interfaces[origin.interface].address,
                        .destination = kAzurePlatform,
                        .source_port = Flow{}.source_port,
                        .destination_port = kDomainPort};
    PlatformVerdict verdict = platform_verdict(network_, origin, packet);
    if (verdict.verdict != Verdict::kAllow) {
      return lost(kAzurePlatform, verdict.decided_by, {std::move(verdict.step)});
    }
    const Index vnet = origin.vnet(network_);
    ServerAnswer said{.server = kAzurePlatform, .steps = {std::move(verdict.step)}};
    said.answer = azure_says(vnet == kNowhere ? std::nullopt : std::optional(vnet), name);
    said.status = status_of(said.answer.status);
    wait_for_real_servers(said);
    said.reason =
        fmt::format("{} says: {}", kAzurePlatform.to_string(), sentence(name, type_, said.answer));
    return said;
  }

  // Who is not to be asked is as good as silent.
  static void wait_for_real_servers(ServerAnswer& said) {
    if (said.answer.status != NameStatus::kForward) return;
    said.at_once = false;
    said.stopped_by = said.answer.decided_by.to_string();
  }

  // An alias of real servers may lead back into a zone that is linked.
  NameAnswer azure_says(std::optional<uint32_t> view, const std::string& name) const {
    const auto known = [&](const std::string& each) {
      return answer(*network_.names, view, each, type_);
    };
    NameAnswer got = known(name);
    while (got.status == NameStatus::kForward && ask_upstream_) {
      const auto real = ask_upstream_(kNowhere, got.forwarded, type_);
      if (!real) return got;
      std::optional<NameAnswer> back = led_back(got, type_, real->records, known);
      if (!back) {
        return joined(std::move(got), {.status = real->status,
                                       .records = real->records,
                                       .decided_by = {.kind = AnswerSource::Kind::kForwarded}});
      }
      got = *std::move(back);
    }
    return got;
  }

  // Over UDP, as any other packet of the sender.
  ServerAnswer ask_machine(const Origin& origin, Ipv4Address server, const std::string& name) {
    const Flow flow{
        .protocol = Protocol::kUdp, .destination = server, .destination_port = kDomainPort};
    Report report = walk(network_, origin, flow);
    Explanation& way = report.explanation;
    if (way.verdict != Verdict::kAllow) {
      return lost(server, way.decided_by, std::move(way.steps));
    }
    const Reply reply = reply_of(network_, origin, flow, report.trail);
    ServerAnswer said = ask_receiver(report.trail, way, reply, server, name);
    said.steps = std::move(way.steps);
    return said;
  }

  // The question has arrived.
  ServerAnswer ask_receiver(const Trail& trail, const Explanation& way, const Reply& reply,
                            Ipv4Address server, const std::string& name) {
    if (reply.verdict != Verdict::kAllow) {
      return lost(server, reply.reason);
    }
    if (way.refused) {
      if (auto said = program_says(trail.receiver, server, name)) return *std::move(said);
      ServerAnswer refused = lost(server, fmt::format("port 53 of {} is closed.", way.host));
      refused.at_once = true;
      return refused;
    }
    const lab::Host* host = network_.interfaces[trail.receiver].host;
    if (host == nullptr || !host->dns_server) {
      return lost(server,
                  fmt::format("what answers on port 53 of {} only packets can show.", way.host));
    }
    if (std::find(path_.begin(), path_.end(), trail.receiver) != path_.end() ||
        path_.size() == kMostForwarders) {
      return lost(server, "forwarders lead back to " + way.host + ".");
    }
    path_.push_back(trail.receiver);
    ServerAnswer said = machine_says(trail.receiver, *host, name);
    path_.pop_back();
    said.server = server;
    said.status = status_of(said.answer.status);
    said.reason = fmt::format("{} ({}) says: {}{}", server.to_string(), way.host,
                              sentence(name, type_, said.answer), said.reason);
    return said;
  }

  // Whoever has started it there, it is not in the lab.
  std::optional<ServerAnswer> program_says(Index receiver, Ipv4Address server,
                                           const std::string& name) const {
    const Interface& machine = network_.interfaces[receiver];
    if (machine.host == nullptr || !ask_upstream_) return std::nullopt;
    auto real = ask_upstream_(receiver, name, type_);
    if (!real) return std::nullopt;
    const AnswerSource source{AnswerSource::Kind::kServer, machine.name, {}};
    for (Record& record : real->records) record.source = source;
    ServerAnswer said{
        .server = server,
        .answer = {
            .status = real->status, .records = std::move(real->records), .decided_by = source}};
    said.status = status_of(said.answer.status);
    said.reason = fmt::format("{} ({}) says, by a program that is not in the lab: {}",
                              server.to_string(), machine.name, sentence(name, type_, said.answer));
    return said;
  }

  // `reason` is what follows the sentence about the answer.
  ServerAnswer machine_says(Index machine, const lab::Host& host, const std::string& name) {
    const lab::DnsServer& server = *host.dns_server;
    ServerAnswer said;
    said.answer =
        answer_from(sets_of(server.record_sets), network_.interfaces[machine].name, name, type_);
    if (said.answer.status != NameStatus::kForward) return said;
    const std::string rest = said.answer.forwarded;
    if (!server.forward_to.empty()) return ask_forwarders(machine, server, rest, std::move(said));
    if (host.internet()) {
      said.answer = joined(std::move(said.answer), azure_says(std::nullopt, rest));
      wait_for_real_servers(said);
      return said;
    }
    said.answer = {.status = NameStatus::kRefused, .decided_by = said.answer.decided_by};
    return said;
  }

  // All at once. An earlier one may lag behind a later one's answer, but not by as much as one of
  // them lets another lag: so of the quickest the first in their order counts.
  ServerAnswer ask_forwarders(Index machine, const lab::DnsServer& server, const std::string& name,
                              ServerAnswer said) {
    const Origin origin = origin_of(network_, machine);
    std::vector<ServerAnswer> all;
    for (const Ipv4Address forwarder : server.forward_to) {
      all.push_back(ask(origin, forwarder, name));
    }
    const auto quicker = [](const ServerAnswer& a, const ServerAnswer& b) {
      if (counts(a.status) != counts(b.status)) return counts(a.status);
      return counts(a.status) && a.waits < b.waits;
    };
    const auto chosen = std::min_element(all.begin(), all.end(), quicker);
    if (!counts(chosen->status)) return without_answer(origin, all, std::move(said));
    const bool waited = std::any_of(all.begin(), chosen, [](const ServerAnswer& earlier) {
      return counts(earlier.status) || !earlier.at_once;
    });
    said.answer = joined(std::move(said.answer), std::move(chosen->answer));
    said.waits = chosen->waits + (waited ? 1 : 0);
    said.reason = fmt::format(" It asked {}.", chosen->server.to_string());
    return said;
  }

  ServerAnswer without_answer(const Origin& origin, const std::vector<ServerAnswer>& all,
                              ServerAnswer said) const {
    for (const ServerAnswer& theirs : all) {
      said.at_once = said.at_once && theirs.at_once;
      // All that the app's own server met, and one thing of what lies behind.
      if (said.reason.empty() || path_.size() == 1) said.reason += " " + theirs.reason;
      if (said.stopped_by.empty()) said.stopped_by = theirs.stopped_by;
    }
    said.answer = {.status = NameStatus::kServfail,
                   .decided_by = {AnswerSource::Kind::kServer, origin.name, {}}};
    return said;
  }

  const Network& network_;
  RecordType type_;
  const AskUpstream& ask_upstream_;
  std::vector<Index> path_{};  // the forwarders that wait for an answer
  int questions_ = 0;
};

// azure-facts 8.2.1: the first server's answer at once, another's when those before it have failed
// for certain, or when the time is up.
void choose(Resolution& out) {
  bool waits = false;
  for (size_t i = 0; i < out.servers.size(); ++i) {
    const ServerAnswer& server = out.servers[i];
    if (counts(server.status)) {
      out.answered_by = i;
      out.status = server.status;
      out.seconds = waits ? out.settings.timeout_seconds : 0;
      return;
    }
    waits = waits || !server.at_once;
    if (server.status == LookupStatus::kServfail) out.status = LookupStatus::kServfail;
  }
  out.seconds = waits ? out.settings.attempts * out.settings.timeout_seconds : 0;
}

std::vector<Ipv4Address> addresses_in(const NameAnswer& answer) {
  std::vector<Ipv4Address> addresses;
  for (const Record& record : answer.records) {
    const auto* address = std::get_if<Ipv4Address>(&record.data);
    if (address != nullptr) addresses.push_back(*address);
  }
  return addresses;
}

std::string decider(const Resolution& resolution) {
  if (!resolution.answered_by) {
    const ServerAnswer& first = resolution.servers.front();
    return first.stopped_by.empty() ? first.server.to_string() : first.stopped_by;
  }
  const ServerAnswer& answered = resolution.servers[*resolution.answered_by];
  const AnswerSource& source = answered.answer.decided_by;
  return source.kind == AnswerSource::Kind::kServer ? answered.server.to_string()
                                                    : source.to_string();
}

std::string suggestion_for(const Resolution& resolution, const lab::Lab& lab) {
  if (resolution.status != LookupStatus::kNxDomain) return {};
  const lab::Names known = lab::known_names(lab);
  // A name that this app alone does not see is not misspelt.
  if (lab::stands_in(known, resolution.name)) return {};
  lab::Nearest search(resolution.name);
  for (const std::string& name : known) search.consider(name);
  return search.found().value_or("");
}

Step step_of(const Resolution& resolution, const std::string& app) {
  std::string reasons;
  const size_t told = resolution.answered_by.value_or(resolution.servers.size() - 1);
  for (size_t i = 0; i <= told; ++i) {
    reasons += (i == 0 ? "" : " ") + resolution.servers[i].reason;
  }
  return {Stage::kNameResolution, app, outcome_text(resolution), resolution.decided_by.name,
          std::move(reasons)};
}

// resolv.conf(5)
constexpr int kAttemptsOfMachines = 2;
constexpr int kSecondsOfMachines = 5;

DnsSettings settings_of(const Network& network, Index machine) {
  const Network::Vnet& vnet = network.vnets[network.interfaces[machine].vnet];
  DnsSettings settings{.servers = vnet.declared->dns_servers,
                       .attempts = kAttemptsOfMachines,
                       .timeout_seconds = kSecondsOfMachines,
                       .decided_by = fmt::format("virtualNetworks.{}.dnsServers", vnet.name)};
  if (settings.servers.empty()) {
    settings.servers = {kAzurePlatform};
    settings.decided_by = "Azure DNS";
  }
  return settings;
}

Resolution resolve(const Network& network, const Origin& origin, DnsSettings settings,
                   const std::string& name, RecordType type, const AskUpstream& ask) {
  Resolution out{
      .name = lab::plain_domain_name(name), .type = type, .settings = std::move(settings)};
  Lookup lookup(network, type, ask);
  for (const Ipv4Address server : out.settings.servers) {
    out.servers.push_back(lookup.ask(origin, server, out.name));
  }
  choose(out);
  if (out.answered_by) out.addresses = addresses_in(out.servers[*out.answered_by].answer);
  out.decided_by = {Stage::kNameResolution, decider(out)};
  out.suggestion = suggestion_for(out, network.situation.lab);
  out.step = step_of(out, origin.name);
  return out;
}

}  // namespace

Resolution resolve_name(const Network& network, const Network::App& app, const std::string& name,
                        RecordType type, const AskUpstream& ask) {
  return resolve(network, origin_of(network, app), app.lane->dns, name, type, ask);
}

Resolution resolve_for_machine(const Network& network, Index machine, const std::string& name,
                               RecordType type, const AskUpstream& ask) {
  return resolve(network, origin_of(network, machine), settings_of(network, machine), name, type,
                 ask);
}

Status check_has_servers(const Network& network, Index machine) {
  const Interface& host = network.interfaces[machine];
  if (host.vnet != kNowhere) return {};
  return Error{.code = Errc::kInvalid,
               .message = fmt::format(
                   "host '{}' is {} and has no DNS servers here; name an address", host.name,
                   host.on_premises == kNowhere ? "on the Internet" : "on-premises")};
}

Result<Resolution> resolve_name(const Network& network, const Sender& sender,
                                const std::string& name, RecordType type, const AskUpstream& ask) {
  if (!sender.host.empty()) {
    ASSIGN_OR_RETURN(const Index machine, find_machine(network, sender.host));
    RETURN_IF_ERROR(check_has_servers(network, machine));
    return resolve_for_machine(network, machine, name, type, ask);
  }
  ASSIGN_OR_RETURN(const Network::App app, find_app(network, sender));
  return resolve_name(network, app, name, type, ask);
}

std::vector<Ipv4Address> addresses_for_machine(const Network& network, Index machine,
                                               const std::string& name) {
  const AskUpstream nobody;
  Lookup lookup(network, RecordType::kA, nobody);
  const Origin origin = origin_of(network, machine);
  for (const Ipv4Address server : settings_of(network, machine).servers) {
    const ServerAnswer said = lookup.ask(origin, server, lab::plain_domain_name(name));
    if (counts(said.status)) return addresses_in(said.answer);
  }
  return {};
}

}  // namespace egress::policy

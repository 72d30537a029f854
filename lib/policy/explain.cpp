// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "policy/name_texts.hpp"
#include "policy/reply.hpp"
#include "policy/walk.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

constexpr uint16_t kHttpPorts[] = {80, 443};

std::string refusal_of(const ServiceAnswer& service, uint16_t port) {
  const bool http =
      std::find(std::begin(kHttpPorts), std::end(kHttpPorts), port) != std::end(kHttpPorts);
  return http ? "403 " + service.code : service.code;
}

bool refused_by_service(const Explanation& explanation) {
  return explanation.service && explanation.service->access == lab::Access::kDeny;
}

// Of a flow whose packet arrives, and of one that is lost.
std::string what_the_app_sees(const Explanation& explanation, const Flow& flow) {
  const bool tcp = flow.protocol == Protocol::kTcp;
  // A refusal of the platform comes back by itself.
  const bool returns = explanation.reply ? explanation.reply->verdict == Verdict::kAllow
                                         : explanation.verdict != Verdict::kAllow;
  if (explanation.refused && returns) return "refused at once";
  if (explanation.verdict == Verdict::kAllow && returns) {
    if (refused_by_service(explanation))
      return refusal_of(*explanation.service, flow.destination_port);
    if (explanation.answer_unknown) {
      return fmt::format("what the program of {} answers", explanation.host);
    }
    return tcp ? "connects" : "an answer";
  }
  if (explanation.reply && explanation.reply->half_open) return "connects, then a time-out";
  return tcp ? "time-out" : "no answer";
}

std::string what_the_app_sees(const Resolution& resolution) {
  return fmt::format("{}{}", outcome_text(resolution),
                     resolution.seconds == 0 ? "" : fmt::format(" after {} s", resolution.seconds));
}

// Who asks: an app of the lab, or one of its machines.
struct Asker {
  Sender name{};
  Origin origin{};
  Resolution resolve(const Network& network, const std::string& host,
                     const AskUpstream& ask) const {
    return origin.app != nullptr
               ? resolve_name(network, *origin.app, host, RecordType::kA, ask)
               : resolve_for_machine(network, origin.interface, host, RecordType::kA, ask);
  }
  bool public_attempt() const { return origin.app != nullptr && origin.app->lane->public_attempt; }
};

Explanation unresolved(const Asker& asker, const Flow& flow, Resolution resolution) {
  Explanation explanation{.sender = asker.name,
                          .public_attempt = asker.public_attempt(),
                          .flow = flow,
                          .verdict = Verdict::kUnresolved,
                          .decided_by = resolution.decided_by,
                          .steps = {resolution.step},
                          .sees = what_the_app_sees(resolution)};
  explanation.steps.back().reason += fmt::format(
      " The {} sees: {}.", asker.origin.app != nullptr ? "app" : "host", explanation.sees);
  explanation.resolution = std::move(resolution);
  return explanation;
}

// A machine's own address, or one of those that it answers on.
bool is_its_own(const Network& network, const Asker& asker, Ipv4Address destination) {
  if (asker.origin.app != nullptr) return false;
  const Index on_premises = asker.origin.on_premises(network);
  const Index place = on_premises == kNowhere ? asker.origin.vnet(network)
                                              : Network::place_of_on_premises(on_premises);
  return network.machine_at(place, destination) == asker.origin.interface;
}

Result<Explanation> explain(const Network& network, const Asker& asker, const Flow& flow) {
  if (lab::never_leaves_a_host(flow.destination) || is_its_own(network, asker, flow.destination)) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format(
                     "packets to {} never leave the {} host", flow.destination.to_string(),
                     asker.origin.app != nullptr ? "app's own" : "sender's own")};
  }
  const Origin& origin = asker.origin;
  Report report = walk(network, origin, flow);
  Explanation& explanation = report.explanation;
  if (explanation.verdict == Verdict::kAllow) {
    explanation.reply = report.trail.receiver == kNowhere
                            ? Reply{Verdict::kAllow, "The platform answers."}
                            : reply_of(network, origin, flow, report.trail);
  } else if (explanation.refused && !report.trail.translations.empty()) {
    const Reply refusal = reply_of(network, origin, flow, report.trail);
    explanation.refused = refusal.verdict == Verdict::kAllow;
  }
  explanation.sender = asker.name;
  explanation.public_attempt = asker.public_attempt();
  explanation.flow = flow;
  explanation.sees = what_the_app_sees(explanation, flow);
  return std::move(explanation);
}

Result<Explanation> explain(const Network& network, const Asker& asker,
                            const lab::FlowTarget& target, uint16_t source_port,
                            const AskUpstream& ask) {
  Flow flow{
      .protocol = target.protocol, .destination_port = target.port, .source_port = source_port};
  if (const auto literal = Ipv4Address::parse(target.host); literal.ok()) {
    flow.destination = *literal;
    return explain(network, asker, flow);
  }
  if (asker.origin.app == nullptr) {
    RETURN_IF_ERROR(check_has_servers(network, asker.origin.interface));
  }
  Resolution resolution = asker.resolve(network, target.host, ask);
  if (resolution.addresses.empty()) return unresolved(asker, flow, std::move(resolution));
  flow.destination = resolution.addresses.front();
  auto explanation = explain(network, asker, flow);
  if (!explanation.ok()) {
    Error error = std::move(explanation).error();
    error.message = fmt::format("{}: {}", resolution.name, error.message);
    return error;
  }
  explanation->steps.insert(explanation->steps.begin(), resolution.step);
  explanation->resolution = std::move(resolution);
  return explanation;
}

// `found` becomes the app that the asker's origin points to.
Result<Asker> find_asker(const Network& network, const Sender& sender, bool public_attempt,
                         std::optional<Network::App>& found) {
  if (!sender.host.empty()) {
    ASSIGN_OR_RETURN(const Index machine, find_machine(network, sender.host));
    return Asker{{.host = network.interfaces[machine].name}, origin_of(network, machine)};
  }
  ASSIGN_OR_RETURN(found, find_app(network, sender, public_attempt));
  return Asker{found->name, origin_of(network, *found)};
}

// `attempt` explains the public one, or the other.
template <typename Attempt>
Result<Explanation> last_of(const Attempt& attempt) {
  ASSIGN_OR_RETURN(Explanation first, attempt(true));
  if (!first.public_attempt || !refused_by_service(first)) return first;
  ASSIGN_OR_RETURN(Explanation second, attempt(false));
  Step refusal = first.steps.back();  // the service has the last word
  refusal.reason +=
      " The vault refuses the public attempt; the app is integrated, so the network is tried.";
  second.steps.insert(second.steps.begin(), std::move(refusal));
  second.refused_attempt = std::make_shared<const Explanation>(std::move(first));
  return second;
}

}  // namespace

Result<Explanation> explain(const Network& network, const Sender& sender, const Flow& flow) {
  return last_of(
      [&](bool public_attempt) { return explain_attempt(network, sender, public_attempt, flow); });
}

Result<Explanation> explain(const Network& network, const Sender& sender,
                            const lab::FlowTarget& target, uint16_t source_port,
                            const AskUpstream& ask) {
  return last_of([&](bool public_attempt) {
    return explain_attempt(network, sender, public_attempt, target, source_port, ask);
  });
}

Result<Explanation> explain_attempt(const Network& network, const Sender& sender,
                                    bool public_attempt, const Flow& flow) {
  std::optional<Network::App> app;
  ASSIGN_OR_RETURN(const Asker asker, find_asker(network, sender, public_attempt, app));
  return explain(network, asker, flow);
}

Result<Explanation> explain_attempt(const Network& network, const Sender& sender,
                                    bool public_attempt, const lab::FlowTarget& target,
                                    uint16_t source_port, const AskUpstream& ask) {
  std::optional<Network::App> app;
  ASSIGN_OR_RETURN(const Asker asker, find_asker(network, sender, public_attempt, app));
  return explain(network, asker, target, source_port, ask);
}

}  // namespace egress::policy

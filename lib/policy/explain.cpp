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

Explanation unresolved(const Network::App& app, const Flow& flow, Resolution resolution) {
  Explanation explanation{.sender = app.name,
                          .public_attempt = app.lane->public_attempt,
                          .flow = flow,
                          .verdict = Verdict::kUnresolved,
                          .decided_by = resolution.decided_by,
                          .steps = {resolution.step},
                          .sees = what_the_app_sees(resolution)};
  explanation.steps.back().reason += fmt::format(" The app sees: {}.", explanation.sees);
  explanation.resolution = std::move(resolution);
  return explanation;
}

Result<Explanation> explain(const Network& network, const Network::App& app, const Flow& flow) {
  if (lab::never_leaves_a_host(flow.destination)) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("packets to {} never leave the app's own host",
                                        flow.destination.to_string())};
  }
  const Origin origin = origin_of(network, app);
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
  explanation.sender = app.name;
  explanation.public_attempt = app.lane->public_attempt;
  explanation.flow = flow;
  explanation.sees = what_the_app_sees(explanation, flow);
  return std::move(explanation);
}

Result<Explanation> explain(const Network& network, const Network::App& app,
                            const lab::FlowTarget& target, uint16_t source_port,
                            const AskUpstream& ask) {
  Flow flow{
      .protocol = target.protocol, .destination_port = target.port, .source_port = source_port};
  if (const auto literal = Ipv4Address::parse(target.host); literal.ok()) {
    flow.destination = *literal;
    return explain(network, app, flow);
  }
  Resolution resolution = resolve_name(network, app, target.host, RecordType::kA, ask);
  if (resolution.addresses.empty()) return unresolved(app, flow, std::move(resolution));
  flow.destination = resolution.addresses.front();
  auto explanation = explain(network, app, flow);
  if (!explanation.ok()) {
    Error error = std::move(explanation).error();
    error.message = fmt::format("{}: {}", resolution.name, error.message);
    return error;
  }
  explanation->steps.insert(explanation->steps.begin(), resolution.step);
  explanation->resolution = std::move(resolution);
  return explanation;
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
  ASSIGN_OR_RETURN(const Network::App app, find_app(network, sender, public_attempt));
  return explain(network, app, flow);
}

Result<Explanation> explain_attempt(const Network& network, const Sender& sender,
                                    bool public_attempt, const lab::FlowTarget& target,
                                    uint16_t source_port, const AskUpstream& ask) {
  ASSIGN_OR_RETURN(const Network::App app, find_app(network, sender, public_attempt));
  return explain(network, app, target, source_port, ask);
}

}  // namespace egress::policy

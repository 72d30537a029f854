// SPDX-License-Identifier: MIT
#include "policy/platform/predict.hpp"

#include <utility>

#include "policy/origin.hpp"

namespace egress::policy {
namespace {

// Of a call to `address`, which never leaves its host; `why` says so.
Explanation refused_at_home(const CallRequest& request, Ipv4Address address, std::string why) {
  const std::string name = request.from.to_string();
  return {.sender = request.from,
          .flow = {.protocol = Protocol::kTcp,
                   .destination = address,
                   .destination_port = request.call.port},
          .verdict = lab::Verdict::kDrop,
          .decided_by = {Stage::kDestination, name},
          .steps = {{Stage::kDestination, name, "refused", name, std::move(why)}},
          .refused = true};
}

}  // namespace

Result<Explanation> explain_call(const Network& network, const CallRequest& request,
                                 uint16_t source_port, const AskUpstream& ask) {
  const lab::FlowTarget target{Protocol::kTcp, request.call.host, request.call.port};
  auto explanation =
      explain_attempt(network, request.from, request.public_attempt, target, source_port, ask);
  if (explanation.ok() || explanation.error().code != Errc::kInvalid) return explanation;
  Result<Ipv4Address> address = Ipv4Address::parse(target.host);
  if (!address.ok()) {
    ASSIGN_OR_RETURN(const Network::App app,
                     find_app(network, request.from, request.public_attempt));
    address = resolve_name(network, app, target.host, RecordType::kA, ask).addresses.front();
  }
  return refused_at_home(request, *address, explanation.error().message);
}

Result<PlatformReport> predict(const Network& network, const lab::Sender& app,
                               std::vector<lab::PlatformTask> tasks, const AskUpstream& ask) {
  ASSIGN_OR_RETURN(const Network::App found, find_app(network, app));
  PlatformRun run(network.situation.lab, found.name, std::move(tasks));
  while (const auto request = run.next()) {
    ASSIGN_OR_RETURN(const Explanation explanation,
                     explain_call(network, *request, Flow{}.source_port, ask));
    run.answer(outcome_of(explanation), explanation);
  }
  return run.report();
}

}  // namespace egress::policy

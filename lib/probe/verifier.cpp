// SPDX-License-Identifier: MIT
#include "probe/verifier.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "compile/names.hpp"
#include "policy/source_ports.hpp"

namespace egress::probe {

namespace {

constexpr std::chrono::milliseconds kPatience{400};
// Enough that a port comes again only after the time-outs of connection tracking.
constexpr size_t kMostFreshPorts = 10000;

// From which the packet of a flow with the assumed port may be sent, that one first.
std::vector<uint16_t> ports_for(const lab::Lab& lab) {
  constexpr uint16_t kAssumed = policy::Flow{}.source_port;
  constexpr uint16_t kFirst = 1024;  // ports below need a privilege
  const PortSet alike = policy::ports_judged_as(lab, kAssumed);
  std::vector<uint16_t> ports;
  for (const auto& part :
       {Interval<uint16_t>{kAssumed, PortSet::kMax}, Interval<uint16_t>{kFirst, kAssumed - 1}}) {
    const PortSet usable = alike.intersected(PortSet({part}));
    for (const auto& range : usable.intervals()) {
      for (uint32_t port = range.first; port <= range.last; ++port) {
        if (ports.size() == kMostFreshPorts) return ports;
        ports.push_back(static_cast<uint16_t>(port));
      }
    }
  }
  return ports;
}

ProbeFlow probe_flow(const std::string& prefix, const lab::Sender& app, const policy::Flow& flow) {
  return {.netns = compile::app_netns(prefix, app.site, app.instance),
          .protocol = static_cast<uint8_t>(flow.protocol),
          .destination = flow.destination,
          .destination_port = flow.destination_port,
          .source_port = flow.source_port};
}

inspect::Observation observation_of(const ProbeResult& result, const lab::Lab& lab,
                                    const std::string& prefix) {
  inspect::Observation seen{.replied = result.replied, .refused = result.refused};
  if (!result.arrival) return seen;
  seen.arrived = true;
  seen.source = result.arrival->source;
  for (const auto& [name, host] : lab.hosts) {
    if (compile::host_netns(prefix, name) == result.arrival->netns) seen.host = name;
  }
  return seen;
}

}  // namespace

uint16_t Verifier::fresh_port(const lab::Lab& lab) {
  return fresh_port(ports_for(lab));
}

uint16_t Verifier::fresh_port(const std::vector<uint16_t>& ports) {
  return ports[fresh_ports_++ % ports.size()];
}

Result<std::vector<Verified>> Verifier::verify(const policy::Network& network,
                                               const std::string& prefix,
                                               const std::vector<Question>& questions) const {
  std::vector<Verified> answers;
  std::vector<ProbeFlow> flows;
  std::set<std::string> watch;
  for (const Question& question : questions) {
    ASSIGN_OR_RETURN(policy::Explanation explanation,
                     policy::explain(network, question.app, question.flow));
    answers.push_back({.explanation = std::move(explanation)});
    flows.push_back(probe_flow(prefix, network.find(question.app)->name, question.flow));
    for (const std::string& host :
         inspect::owners(network.situation.lab, question.flow.destination)) {
      watch.insert(compile::host_netns(prefix, host));
    }
  }
  if (flows.empty()) return answers;
  ASSIGN_OR_RETURN(const std::vector<ProbeResult> results,
                   send_(flows, {watch.begin(), watch.end()}, kPatience));
  for (size_t i = 0; i < answers.size(); ++i) {
    Verified& answer = answers[i];
    answer.observation = observation_of(results[i], network.situation.lab, prefix);
    if (questions[i].flow.protocol != Protocol::kIcmp) {
      answer.observation.source_port = flows[i].source_port;
    }
    answer.differences =
        inspect::differences(questions[i].flow.protocol, answer.explanation, answer.observation);
    for (const Arrival& also : results[i].also) {
      answer.differences.push_back("kernel: the packet also came out in " + also.netns);
    }
  }
  return answers;
}

Result<std::vector<inspect::TestResult>> Verifier::test(const policy::Network& network,
                                                        const std::string& prefix) {
  const std::vector<uint16_t> ports = ports_for(network.situation.lab);
  auto results = inspect::test(network, [&] { return fresh_port(ports); });
  std::vector<Question> questions;
  std::vector<inspect::TestResult*> asked_by;
  for (inspect::TestResult& result : results) {
    if (!result.explanation) continue;
    questions.push_back({{result.expectation.from, result.expectation.instance}, result.flow});
    asked_by.push_back(&result);
  }
  ASSIGN_OR_RETURN(const std::vector<Verified> answers, verify(network, prefix, questions));
  for (size_t i = 0; i < answers.size(); ++i) {
    auto& differences = asked_by[i]->differences;
    differences.insert(differences.end(), answers[i].differences.begin(),
                       answers[i].differences.end());
  }
  return results;
}

}  // namespace egress::probe

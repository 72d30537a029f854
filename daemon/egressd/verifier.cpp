// SPDX-License-Identifier: MIT
#include "egressd/verifier.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "compile/names.hpp"
#include "lab/flow_url.hpp"
#include "policy/source_ports.hpp"

namespace egress::daemon {

namespace {

constexpr std::chrono::milliseconds kPatience{400};
// Enough that a port comes again only after the time-outs of connection tracking.
constexpr size_t kMostFreshPorts = 10000;

size_t count(const PortSet& ports) {
  size_t ports_in_all = 0;
  for (const auto& range : ports.intervals()) ports_in_all += size_t{1} + range.last - range.first;
  return ports_in_all;
}

// `index` is below count(ports).
uint16_t nth(const PortSet& ports, size_t index) {
  auto range = ports.intervals().begin();
  for (; index > size_t{range->last} - range->first; ++range) {
    index -= size_t{1} + range->last - range->first;
  }
  return static_cast<uint16_t>(range->first + index);
}

kernel::ProbeFlow probe_flow(const std::string& prefix, const Question& question) {
  return {.netns = compile::app_netns(prefix, question.app.site, question.app.instance),
          .protocol = static_cast<uint8_t>(question.flow.protocol),
          .destination = question.flow.destination,
          .destination_port = question.flow.destination_port,
          .source_port = question.flow.source_port};
}

control::Observation observation_of(const kernel::ProbeResult& result, const lab::Lab& lab,
                                    const std::string& prefix) {
  control::Observation seen{.replied = result.replied, .refused = result.refused};
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
  constexpr uint16_t kAssumed = policy::Flow{}.source_port;
  constexpr uint16_t kFirst = 1024;  // ports below need a privilege
  const PortSet alike = policy::ports_judged_as(lab, kAssumed);
  const PortSet above = alike.intersected(PortSet({{kAssumed, PortSet::kMax}}));
  const PortSet below = alike.intersected(PortSet({{kFirst, kAssumed - 1}}));
  const size_t ports = std::min(count(above) + count(below), kMostFreshPorts);
  const size_t next = fresh_ports_++ % ports;
  return next < count(above) ? nth(above, next) : nth(below, next - count(above));
}

Result<std::vector<Verified>> Verifier::verify(const policy::Network& network,
                                               const std::string& prefix,
                                               const std::vector<Question>& questions) const {
  std::vector<Verified> answers;
  std::vector<kernel::ProbeFlow> flows;
  std::set<std::string> watch;
  for (const Question& question : questions) {
    ASSIGN_OR_RETURN(policy::Explanation explanation,
                     policy::explain(network, question.app, question.flow));
    answers.push_back({.explanation = std::move(explanation)});
    flows.push_back(probe_flow(prefix, question));
    for (const std::string& host :
         control::owners(network.situation.lab, question.flow.destination)) {
      watch.insert(compile::host_netns(prefix, host));
    }
  }
  if (flows.empty()) return answers;
  ASSIGN_OR_RETURN(const std::vector<kernel::ProbeResult> results,
                   probe_(flows, {watch.begin(), watch.end()}, kPatience));
  for (size_t i = 0; i < answers.size(); ++i) {
    Verified& answer = answers[i];
    answer.observation = observation_of(results[i], network.situation.lab, prefix);
    if (questions[i].flow.protocol != Protocol::kIcmp) {
      answer.observation.source_port = flows[i].source_port;
    }
    answer.differences =
        control::differences(questions[i].flow.protocol, answer.explanation, answer.observation);
    for (const kernel::Arrival& also : results[i].also) {
      answer.differences.push_back("kernel: the packet also came out in " + also.netns);
    }
  }
  return answers;
}

Result<std::vector<control::TestResult>> Verifier::test(const policy::Network& network,
                                                        const std::string& prefix) {
  std::vector<control::TestResult> results;
  std::vector<Question> questions;
  std::vector<size_t> asked_by;  // index into results
  for (const lab::Expectation& expectation : network.situation.lab.expectations) {
    control::TestResult& result = results.emplace_back();
    result.expectation = expectation;
    const auto url = lab::parse_flow_url(network.situation.lab, expectation.to);
    if (!url.ok()) {
      result.differences.push_back(url.error().to_string());
      continue;
    }
    Question question{.app = {expectation.from, expectation.instance},
                      .flow = {.protocol = url->protocol,
                               .destination = url->destination,
                               .destination_port = url->port,
                               .source_port = fresh_port(network.situation.lab)}};
    auto explanation = policy::explain(network, question.app, question.flow);
    if (!explanation.ok()) {
      result.differences.push_back(explanation.error().to_string());
      continue;
    }
    result.differences = policy::mismatches(expectation, *explanation);
    result.explanation = std::move(*explanation);
    questions.push_back(question);
    asked_by.push_back(results.size() - 1);
  }
  ASSIGN_OR_RETURN(const std::vector<Verified> answers, verify(network, prefix, questions));
  for (size_t i = 0; i < answers.size(); ++i) {
    auto& differences = results[asked_by[i]].differences;
    differences.insert(differences.end(), answers[i].differences.begin(),
                       answers[i].differences.end());
  }
  return results;
}

}  // namespace egress::daemon

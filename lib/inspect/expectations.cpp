// SPDX-License-Identifier: MIT
#include "inspect/expectations.hpp"

#include <utility>

#include "lab/flow_url.hpp"

namespace egress::inspect {

namespace {

Status judge(const policy::Network& network, std::optional<uint16_t> source_port,
             TestResult& result) {
  const lab::Expectation& expected = result.expectation;
  ASSIGN_OR_RETURN(result.flow, flow_of(network.situation.lab, expected.to, source_port));
  ASSIGN_OR_RETURN(policy::Explanation got,
                   policy::explain(network, {expected.from, expected.instance}, result.flow));
  result.differences = policy::mismatches(expected, got);
  result.explanation = std::move(got);
  return {};
}

}  // namespace

Result<policy::Flow> flow_of(const lab::Lab& lab, const std::string& url,
                             std::optional<uint16_t> source_port) {
  ASSIGN_OR_RETURN(const lab::FlowUrl target, lab::parse_flow_url(lab, url));
  policy::Flow flow{.protocol = target.protocol,
                    .destination = target.destination,
                    .destination_port = target.port};
  if (source_port) flow.source_port = *source_port;
  return flow;
}

std::vector<TestResult> test(const policy::Network& network,
                             const std::function<uint16_t()>& source_port) {
  std::vector<TestResult> results;
  for (const lab::Expectation& expectation : network.situation.lab.expectations) {
    TestResult& result = results.emplace_back(TestResult{.expectation = expectation});
    const auto port = source_port ? std::optional(source_port()) : std::nullopt;
    if (const Status judged = judge(network, port, result); !judged.ok()) {
      result.differences.push_back(judged.error().to_string());
    }
  }
  return results;
}

}  // namespace egress::inspect

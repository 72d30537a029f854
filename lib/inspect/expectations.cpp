// SPDX-License-Identifier: MIT
#include "inspect/expectations.hpp"

#include <fmt/format.h>

#include <utility>

#include "lab/flow_url.hpp"
#include "policy/expectation.hpp"

namespace egress::inspect {

namespace {

Status judge_flow(const policy::Network& network, std::optional<uint16_t> source_port,
                  const policy::AskUpstream& ask, TestResult& result) {
  const lab::Expectation& expected = result.expectation;
  ASSIGN_OR_RETURN(Explained got, explain_url(network, {expected.from, expected.instance},
                                              expected.to, source_port, ask));
  result.flow = got.flow;
  result.differences = policy::mismatches(expected, got.explanation);
  result.explanation = std::move(got.explanation);
  return {};
}

Status judge_name(const policy::Network& network, const policy::AskUpstream& ask,
                  TestResult& result) {
  const lab::Expectation& expected = result.expectation;
  const policy::Sender sender{expected.from, expected.instance};
  ASSIGN_OR_RETURN(result.resolution, policy::resolve_name(network, sender, expected.resolve,
                                                           policy::RecordType::kA, ask));
  result.differences = policy::mismatches(expected, *result.resolution);
  return {};
}

}  // namespace

Result<Explained> explain_url(const policy::Network& network, const policy::Sender& sender,
                              const std::string& url, std::optional<uint16_t> source_port,
                              const policy::AskUpstream& ask) {
  auto target = lab::parse_flow_target(url);
  if (!target.ok()) {
    Error error = std::move(target).error();
    error.message += fmt::format("; {}", lab::kFlowUrlForm);
    return error;
  }
  policy::Flow flow{.protocol = target->protocol, .destination_port = target->port};
  if (source_port) flow.source_port = *source_port;
  Explained explained;
  ASSIGN_OR_RETURN(explained.explanation,
                   policy::explain(network, sender, *target, flow.source_port, ask));
  const auto& resolution = explained.explanation.resolution;
  if (resolution && resolution->addresses.empty()) return explained;
  flow.destination =
      resolution ? resolution->addresses.front() : Ipv4Address::parse(target->host).value();
  explained.flow = flow;
  return explained;
}

std::vector<TestResult> test(const policy::Network& network,
                             const std::function<uint16_t()>& source_port,
                             const policy::AskUpstream& ask) {
  std::vector<TestResult> results;
  for (const lab::Expectation& expectation : network.situation.lab.expectations) {
    TestResult& result = results.emplace_back(TestResult{.expectation = expectation});
    const auto port = source_port ? std::optional(source_port()) : std::nullopt;
    const Status judged = expectation.resolve.empty() ? judge_flow(network, port, ask, result)
                                                      : judge_name(network, ask, result);
    if (!judged.ok()) result.differences.push_back(judged.error().to_string());
  }
  return results;
}

}  // namespace egress::inspect

// SPDX-License-Identifier: MIT
#include "inspect/expectations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "lab/flow_url.hpp"
#include "policy/expectation.hpp"
#include "policy/platform/predict.hpp"

namespace egress::inspect {

namespace {

Status judge_flow(const policy::Network& network, std::optional<uint16_t> source_port,
                  const policy::AskUpstream& ask, TestResult& result) {
  const lab::Expectation& expected = result.expectation;
  ASSIGN_OR_RETURN(result.explanation,
                   explain_url(network, expected.sender(), expected.to, source_port, ask));
  result.differences = policy::mismatches(expected, *result.explanation);
  return {};
}

Status judge_name(const policy::Network& network, const policy::AskUpstream& ask,
                  TestResult& result) {
  const lab::Expectation& expected = result.expectation;
  ASSIGN_OR_RETURN(result.resolution,
                   policy::resolve_name(network, expected.sender(), expected.resolve,
                                        policy::RecordType::kA, ask));
  result.differences = policy::mismatches(expected, *result.resolution);
  return {};
}

// By site.
using Tasks = std::map<std::string, std::vector<lab::PlatformTask>>;

Tasks tasks_of(const lab::Lab& lab) {
  const auto& all = lab.expectations;
  const bool asked =
      std::any_of(all.begin(), all.end(), [](const auto& each) { return each.startup; });
  return asked ? lab::startup_tasks(lab) : Tasks{};
}

Status judge_start(const policy::Network& network, const Tasks& tasks,
                   const policy::AskUpstream& ask, TestResult& result) {
  const lab::Expectation& expected = result.expectation;
  const auto found = tasks.find(expected.from);
  auto own = found == tasks.end() ? std::vector<lab::PlatformTask>{} : found->second;
  ASSIGN_OR_RETURN(result.startup,
                   policy::predict(network, expected.sender(), std::move(own), ask));
  result.differences = policy::mismatches(expected, *result.startup);
  return {};
}

}  // namespace

Result<policy::Explanation> explain_url(const policy::Network& network,
                                        const policy::Sender& sender, const std::string& url,
                                        std::optional<uint16_t> source_port,
                                        const policy::AskUpstream& ask) {
  auto target = lab::parse_flow_target(url);
  if (!target.ok()) {
    Error error = std::move(target).error();
    error.message += fmt::format("; {}", lab::kFlowUrlForm);
    return error;
  }
  return policy::explain(network, sender, *target, source_port.value_or(policy::Flow{}.source_port),
                         ask);
}

std::vector<TestResult> test(const policy::Network& network,
                             const std::function<uint16_t()>& source_port,
                             const policy::AskUpstream& ask) {
  const lab::Lab& lab = network.situation.lab;
  const Tasks tasks = tasks_of(lab);
  std::vector<TestResult> results;
  for (const lab::Expectation& expectation : lab.expectations) {
    TestResult& result = results.emplace_back(TestResult{.expectation = expectation});
    const auto port = source_port ? std::optional(source_port()) : std::nullopt;
    const Status judged = expectation.startup           ? judge_start(network, tasks, ask, result)
                          : expectation.resolve.empty() ? judge_flow(network, port, ask, result)
                                                        : judge_name(network, ask, result);
    if (!judged.ok()) result.differences.push_back(judged.error().to_string());
  }
  return results;
}

}  // namespace egress::inspect

// SPDX-License-Identifier: MIT
#include "wire/decision.hpp"

#include "policy/walk.hpp"

namespace egress::wire {

Decision decide(const policy::Network& network, policy::Index integration, const FlowKey& flow) {
  const policy::Origin origin = policy::origin_of_integration(network, integration);
  policy::Report report = policy::walk(network, origin,
                                       {.protocol = static_cast<Protocol>(flow.protocol),
                                        .destination = flow.destination,
                                        .destination_port = flow.destination_port,
                                        .source_port = flow.source_port});
  policy::Explanation& explanation = report.explanation;
  Decision decision{.verdict = explanation.verdict,
                    .decided_by = std::move(explanation.decided_by),
                    .silent = !explanation.refused};
  if (!explanation.steps.empty()) decision.reason = std::move(explanation.steps.back().reason);
  const auto& passages = report.trail.passages;
  decision.leaves =
      passages.empty() ? decision.verdict == lab::Verdict::kAllow : passages.front().left;
  return decision;
}

}  // namespace egress::wire

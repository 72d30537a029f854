// SPDX-License-Identifier: MIT
#pragma once

// The JSON forms of what crosses the control socket and of the decisions that `egressctl` also
// prints without a daemon. Keys keep the order of the contract. Only messages that travel towards
// the daemon are read back here; a client works on the JSON itself.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "control/graph.hpp"
#include "control/protocol.hpp"
#include "control/verify.hpp"
#include "lab/load.hpp"
#include "policy/explain.hpp"

namespace egress::control {

using Json = nlohmann::ordered_json;

// The contract's object: verdict, path, source, nextHop, decidedBy, steps; then reply, host,
// refused.
Json to_json(const policy::Explanation& explanation);
Json to_json(const Observation& observation, const std::vector<std::string>& differences);
Json to_json(const lab::Finding& finding);
Json to_json(const std::vector<lab::Finding>& findings);
Json to_json(const ipam::Lease& lease);
Json to_json(const std::vector<ipam::Lease>& leases);
Json to_json(const StatusReport& status);
Json to_json(const AppContext& context);
Json to_json(const Graph& graph);
Json to_json(const Plan& plan, const std::vector<lab::Finding>& warnings);

// Lines of a stream: {"progress": …} and, last, {"result": …}.
Json to_json(const Progress& progress);
Json to_json(const PassResult& result);

// {"error": {"code", "message", "findings"}}
Json error_json(const Error& error, const std::vector<lab::Finding>& findings = {});

// One result of `test`: the expectation as written, whether it holds, what differs, the decision.
struct TestResult {
  lab::Expectation expectation{};
  std::vector<std::string> differences{};
  std::optional<policy::Explanation> explanation{};  // empty when the flow has no meaning
};
Json to_json(const TestResult& result);

// The text of a document for the wire and for printing. Bytes that are not UTF-8 are replaced.
std::string dump(const Json& json);
std::string dump_indented(const Json& json);

// Messages to the daemon, from untrusted text. kInvalid names the key that is wrong.
Json to_json(const LabText& lab);
Result<LabText> parse_lab_text(const std::string& body);

struct ExplainRequest {
  lab::Sender app{};
  std::string url{};
  // Unset: the decision assumes policy::Flow's default, and a probe takes a port of its own, so
  // that no earlier flow's record decides for it.
  std::optional<uint16_t> source_port{};
  bool verify = false;
};
Json to_json(const ExplainRequest& request);
Result<ExplainRequest> parse_explain_request(const std::string& body);

}  // namespace egress::control

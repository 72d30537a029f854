// SPDX-License-Identifier: MIT
#pragma once

// The JSON forms of what a daemon answers and of the decisions that `egressctl` also prints without
// one. Keys keep the order of the contract. None is read back: a client works on the JSON itself.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "control/protocol.hpp"
#include "flows/watched.hpp"
#include "inspect/context.hpp"
#include "inspect/dependencies.hpp"
#include "inspect/effective.hpp"
#include "inspect/expectations.hpp"
#include "inspect/graph.hpp"
#include "inspect/leases.hpp"
#include "inspect/network_watcher.hpp"
#include "inspect/observation.hpp"
#include "inspect/startup.hpp"
#include "inspect/status.hpp"
#include "ipam/leases.hpp"
#include "policy/explain.hpp"
#include "policy/platform/report.hpp"
#include "settings/wire_text.hpp"

namespace egress::control {

using Json = nlohmann::ordered_json;

// The contract's object: verdict, path, source, sources, nextHop, decidedBy, steps; then nearest,
// reply, replySteps, host, refused, sees, name, addresses, flow and warnings; and service where one
// decides.
Json to_json(const policy::Explanation& explanation);
// The same with "observed".
Json to_json(const policy::Explanation& explanation, const inspect::Observation& observation,
             const std::vector<std::string>& differences);
// {"name", "type", "status", "addresses", "servers", "answeredBy", "seconds", "warnings"}
Json to_json(const policy::Resolution& resolution);
// The same with "observed".
Json to_json(const policy::Resolution& resolution, const inspect::LookupSeen& seen,
             const std::vector<std::string>& differences);
// {"site", "instance", "state", "failedStep", "reason", "steps", "references", "notes",
// "differences"}
Json to_json(const lab::Sender& app, const policy::PlatformReport& report);
// The same of one that was performed, with "startedAt".
Json to_json(const inspect::AppStartup& startup);
// {"dependencies": […]}
Json to_json(const std::vector<inspect::Dependency>& dependencies);
Json to_json(const std::vector<lab::Finding>& findings);
// Those that are no errors, as text.
Json warnings_json(const std::vector<lab::Finding>& findings);
Json to_json(const std::vector<ipam::Lease>& leases);
// {"leases", "usable"}; null: of all subnets.
Json to_json(const inspect::LeaseReport& report);
Json to_json(const inspect::StatusReport& status);
// {"status": "ok|busy|degraded", "problems"}
Json to_json(const Health& health);
// {"now", "offset"}; the offset in seconds.
Json to_json(const inspect::ClockReading& clock);
// The same with "endedFlows" and "failed".
Json to_json(const ClockAdvance& advance);
Json to_json(const inspect::ExecContext& context);
// {"wires": […]}
Json to_json(const settings::WireReport& report);
Json to_json(const settings::OneWire& wire);
// {"out", "in"}
Json to_json(const settings::StepsTaken& taken);
// {"subnet", "routes"} and {"subnet", "rules"}, in the field names that Network Watcher and the
// Azure CLI print for a network interface (azure-facts 5.7, 10.2.4).
Json to_json(const inspect::EffectiveRoutes& effective);
Json to_json(const inspect::EffectiveRules& effective);
// {"access", "ruleName"} and {"nextHopType", "nextHopIpAddress", "routeTableId"}, as Network
// Watcher answers (azure-facts 10.2).
Json to_json(const inspect::IpFlowVerdict& verdict);
Json to_json(const inspect::NextHopAnswer& answer);
Json to_json(const inspect::Graph& graph);
// {"resources": [{"verb", "kind", "name", "properties": [{"name", "before", "after"}]}],
// "refusals":
// [{"code", "message", "path", "hint"}], "effects", "undoes": [{"operation", "at", "properties"}],
// "operations": [text], "findings"}. A property that is not there is null; those of what is undone
// are named by their paths. The effects have "addresses": {"taken": [{"subnet", "address",
// "holder"}], "released": [{…, "at"}]}, too; null: at once.
Json to_json(const Plan& plan);
// {"file", "text", "files", "version"}
Json to_json(const LabExport& exported);
// {"results": […]}
Json to_json(const std::vector<inspect::TestResult>& results);

// Lines of what is watched, by their "type": "flow", "drop", "packet", "lost". `at` is the
// machine's time.
Json watched_json(ipam::TimePoint at, const policy::Explanation& flow);
Json watched_json(ipam::TimePoint at, const flows::WatchedDrop& drop);
Json watched_json(const settings::PacketRecord& packet);
Json watched_json(ipam::TimePoint at, const LostRecords& lost);

// Lines of a stream: {"progress": …} and, last, {"result": …}. Its "effects" are {"restarts":
// [site], "scalings": [{"serverFarm", "from": {"sku", "capacity"}, "to"}], "leftBehind":
// [{"subnet", "serverFarm", "site"}], "takenAway"}, the latter two of AppServiceLink.
Json to_json(const Progress& progress);
Json to_json(const PassResult& result);

// {"error": {"code", "message", "findings"}}
Json error_json(const Error& error, const std::vector<lab::Finding>& findings = {});
Json error_json(const std::string& code, const std::string& message,
                const std::vector<lab::Finding>& findings = {});

// The text of a document for the wire and for printing. Bytes that are not UTF-8 are replaced.
std::string dump(const Json& json);
std::string dump_indented(const Json& json);

}  // namespace egress::control

// SPDX-License-Identifier: MIT
#pragma once

// Messages to the daemon, both ways: as a client writes them, and as untrusted text read back.
// kInvalid names the key or parameter that is wrong.

#include <map>
#include <string>

#include "control/json.hpp"
#include "lab/load.hpp"

namespace egress::control {

Json to_json(const lab::LabText& lab);
Result<lab::LabText> parse_lab_text(const std::string& body);

Json to_json(const ExplainRequest& request);
Result<ExplainRequest> parse_explain_request(const std::string& body);

Json to_json(const AdvanceRequest& request);
Result<AdvanceRequest> parse_advance_request(const std::string& body);

// {"seconds"}, which may be missing or null
Json to_json(const HoldRequest& request);
Result<HoldRequest> parse_hold_request(const std::string& body);

Json to_json(const TrafficRequest& request);
Result<TrafficRequest> parse_traffic_request(const std::string& body);

// {"impairment": {"latency", "jitter", "loss", "duplicate", "reorder", "rate", "seed"}, "held",
// "seconds"}, all of which may be missing or null; in the words of a lab file.
Json to_json(const ImposeRequest& request);
Result<ImposeRequest> parse_impose_request(const std::string& body);

Json to_json(const StepRequest& request);
Result<StepRequest> parse_step_request(const std::string& body);

// {"operation": "scale", "serverFarm", "capacity", "sku"}, {"operation": "connect", "site",
// "subnet", "create"}, {"operation": "disconnect", "site"}, {"operation": "delete", "kind",
// "name"},
// {"operation": "set", "path", "value"}, {"operation": "unset", "path"}, {"operation": "purge",
// "subnet"}; what the operation can do without may be missing or null. `value` is YAML.
Json to_json(const OperationRequest& request);
Result<OperationRequest> parse_operation_request(const std::string& body);

// "VNET/SUBNET"
Result<lab::SubnetRef> parse_subnet(const std::string& text);

// What a GET asks, in its query. Apps are "SITE" or "SITE/INSTANCE"; the rest is in Network
// Watcher's words.
using Parameters = std::map<std::string, std::string>;

Parameters to_parameters(const IpFlowRequest& request);
Result<IpFlowRequest> parse_ip_flow_request(const Parameters& parameters);

Parameters to_parameters(const NextHopRequest& request);
Result<NextHopRequest> parse_next_hop_request(const Parameters& parameters);

Parameters to_parameters(const ResolveRequest& request);  // all but the site and the instance
Result<ResolveRequest> parse_resolve_request(const lab::Sender& app, const Parameters& parameters);

Parameters to_parameters(const WatchRequest& request);
Result<WatchRequest> parse_watch_request(const Parameters& parameters);

// "true" or "false"; left out: false.
Result<bool> parse_flag(const Parameters& parameters, const char* name);

// {"site"}
Result<lab::Sender> parse_app(const Parameters& parameters);
// The same, or of a host.
Result<lab::Sender> parse_sender(const Parameters& parameters);

// A class of traffic by its word, in any case.
Result<lab::TrafficClass> parse_traffic(const std::string& word);
// {"traffic"}, which may be missing: the application's.
Result<lab::TrafficClass> parse_traffic(const Parameters& parameters);

}  // namespace egress::control

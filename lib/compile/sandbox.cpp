// SPDX-License-Identifier: MIT
// Theory of operation. What comes in by an app's own ports is looked at before all that lets
// packets of apps pass; lanes of what the platform sends for them are other ports.
#include "compile/sandbox.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "policy/sandbox.hpp"

namespace egress::compile {

using state::NftField;

void add_to_sandbox(Worker& worker, const std::string& direct, const std::string& vnet) {
  const lab::Lab& lab = worker.fabric.network.situation.lab;
  if (!policy::has_sandbox(lab.server_farms.at(worker.key().server_farm))) return;
  worker.sandboxed.push_back({{direct}});
  if (vnet.empty()) {
    worker.outside.push_back({{direct}});
  } else {
    worker.sandboxed.push_back({{vnet}});
  }
}

void add_sandbox(const Worker& worker, state::NftTable& table) {
  if (worker.sandboxed.empty()) return;
  table.maps["sandboxed"] = make_map({.key = {NftField::kIifname}}, worker.sandboxed);
  std::vector<std::string> ports;
  for (const policy::PortRange& range : policy::kSandboxPorts) {
    ports.push_back(fmt::format("{}-{}", range.first, range.last));
  }
  std::vector<state::NftRule> rules = {
      {"iifname @sandboxed meta l4proto icmp counter drop", "no raw sockets"},
      {fmt::format("iifname @sandboxed meta l4proto {{ tcp, udp }} th dport {{ {} }} goto refuse",
                   fmt::join(ports, ", ")),
       "ports that the sandbox blocks"}};
  if (!worker.outside.empty()) {
    std::vector<std::string> ranges;
    for (const Ipv4Prefix& range : policy::kSandboxRanges) ranges.push_back(range.to_string());
    table.maps["outside"] = make_map({.key = {NftField::kIifname}}, worker.outside);
    rules.push_back(
        {fmt::format("iifname @outside ip daddr {{ {} }} goto refuse", fmt::join(ranges, ", ")),
         "private, without an integration"});
  }
  // The worker itself has the integration's address.
  auto& input = table.chains.at("input").rules;
  input.insert(input.end() - 1, rules.front());
  auto& forwarding = table.chains.at("forwarding").rules;
  forwarding.insert(forwarding.begin() + 3, rules.begin(), rules.end());  // behind from_network
}

}  // namespace egress::compile

// SPDX-License-Identifier: MIT
#include "egressd/flow_review.hpp"

#include <utility>

#include "compile/marks.hpp"
#include "compile/names.hpp"

namespace egress::daemon {

FlowReview::FlowReview(kernel::Kernel& kernel, std::shared_ptr<const policy::Network> network,
                       const Translations& before, const std::string& prefix) {
  auto translations = compile::translations(*network);
  if (!translations.ok()) return;  // such a lab does not compile either
  translations_ = std::make_shared<const compile::Translations>(*std::move(translations));
  add(kernel, compile::stamp_netns(prefix), [by = translations_](const state::TrackedFlow& flow) {
    return flows::fate_in_stamp(*by, flow);
  });
  for (const auto& [gateway, addresses] : translations_->nat_gateways) {
    add(kernel, compile::nat_netns(prefix, gateway),
        [addresses = addresses](const state::TrackedFlow& flow) {
          return flows::fate_at_nat_gateway(addresses, flow);
        });
  }
  for (policy::Index index = 0; index < network->vnets.size(); ++index) {
    add(kernel, compile::vnet_netns(prefix, network->vnets[index].name),
        [network, index, by = translations_](const state::TrackedFlow& flow) {
          return flows::fate_in_vnet(*network, index, *by, flow);
        });
  }
  for (const auto& [worker, zones] : translations_->workers) {
    if (before != nullptr) {
      const auto was = before->workers.find(worker);
      if (was != before->workers.end() && was->second == zones) continue;
    }
    const bool is_next = network->workers.at(worker).is_next;
    add(kernel, compile::worker_netns(prefix, worker.server_farm, worker.instance, is_next),
        [zones = zones](const state::TrackedFlow& flow) {
          return flows::fate_in_worker(zones, flow);
        });
  }
}

// A namespace that is missing has no flows; that it is missing is drift.
void FlowReview::add(kernel::Kernel& kernel, const state::NetnsName& netns, FateOf fate_of) {
  auto table = kernel.flows(netns);
  if (!table.ok() && table.error().code == Errc::kNotFound) return;
  tracked_.push_back({netns, std::move(table), std::move(fate_of)});
}

Status FlowReview::review(const Tracked& tracked, Report& report) {
  if (!tracked.flows.ok()) return tracked.flows.error();
  kernel::FlowTable& table = **tracked.flows;
  ASSIGN_OR_RETURN(const std::vector<state::TrackedFlow> all, table.list());
  std::vector<state::TrackedFlow> denied;
  std::vector<state::TrackedFlow> forgotten;
  for (const state::TrackedFlow& flow : all) {
    const flows::Fate fate = tracked.fate_of(flow);
    if (fate == flows::Fate::kDenied) denied.emplace_back(flow).mark = compile::kDeniedFlow;
    if (fate == flows::Fate::kForgotten) forgotten.push_back(flow);
  }
  RETURN_IF_ERROR(table.set_marks(denied));
  RETURN_IF_ERROR(table.remove(forgotten));
  report.denied += denied.size();
  report.forgotten += forgotten.size();
  return {};
}

FlowReview::Report FlowReview::run() const {
  Report report;
  for (const Tracked& tracked : tracked_) {
    const Status done = review(tracked, report);
    if (done.ok()) continue;
    report.problems.push_back("flows of " + tracked.netns + ": " + done.error().to_string());
  }
  return report;
}

}  // namespace egress::daemon

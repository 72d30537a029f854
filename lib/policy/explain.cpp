// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"

#include <fmt/format.h>

#include "lab/flow_url.hpp"
#include "policy/reply.hpp"
#include "policy/walk.hpp"

namespace egress::policy {

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::kApplicationRouting: return "applicationRouting";
    case Stage::kNetworkSecurityGroup: return "networkSecurityGroup";
    case Stage::kRoute: return "route";
    case Stage::kPeering: return "peering";
    case Stage::kNat: return "nat";
    case Stage::kPlatform: return "platform";
    case Stage::kDestination: return "destination";
  }
  return "route";
}

Result<Explanation> explain(const Network& network, const Sender& sender, const Flow& flow) {
  const auto app = network.find(sender);
  if (!app) {
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("app {} has no instance {}", sender.site, sender.instance)};
  }
  if (app->site->routing.integrated && !app->lease) {
    return Error{.code = Errc::kNotFound,
                 .message = sender.to_string() + " has no integration address"};
  }
  if (lab::never_leaves_a_host(flow.destination)) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("packets to {} never leave the app's own host",
                                        flow.destination.to_string())};
  }
  Report report = walk(network, *app, flow);
  if (report.explanation.verdict == lab::Verdict::kAllow) {
    report.explanation.reply = reply_of(network, *app, flow, report.trail);
  }
  return std::move(report.explanation);
}

}  // namespace egress::policy

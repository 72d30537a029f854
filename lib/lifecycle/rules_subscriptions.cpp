// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <set>

#include "lab/slots.hpp"
#include "lab/suggest.hpp"
#include "lifecycle/rules.hpp"

namespace egress::lifecycle {
namespace {

using lab::Lab;
using lab::SubnetRef;

const std::string& owner(const std::string& own, const Lab& lab) {
  return own.empty() ? lab.subscription : own;
}

// A resource whose subscription is another one, and the sites that keep it from that.
struct Move {
  std::string kind{};  // "site"
  std::string name{};
  std::string path{};  // of the resource
  std::vector<std::string> sites{};
  SubnetRef subnet{};
};

class SubscriptionRule {
 public:
  SubscriptionRule(const Step& step, Refusals& refusals) : step_(step), refusals_(refusals) {}

  void run() {
    for (const auto& [name, was] : step_.before.server_farms) {
      const lab::ServerFarm* is = find(step_.after.server_farms, name);
      if (is == nullptr || !moves(was.subscription, is->subscription)) continue;
      judge({"plan", name, "serverFarms." + name, {}, {}}, is->subscription);
    }
    for (const auto& [name, was] : step_.before.sites) {
      const lab::Site* is = find(step_.after.sites, name);
      if (is == nullptr || !moves(was.subscription, is->subscription)) continue;
      judge({"site", name, lab::path_of_site(step_.after, name), {}, {}}, is->subscription);
    }
  }

 private:
  bool moves(const std::string& was, const std::string& is) const {
    return !lab::equal_ignoring_case(owner(was, step_.before), owner(is, step_.after));
  }

  // `own`: what the resource itself says now. Where the lab's changes, that is at fault once.
  void judge(Move move, const std::string& own) {
    for (const auto& [name, was] : step_.before.sites) {
      const lab::Site* is = find(step_.after.sites, name);
      if (is == nullptr || !was.virtual_network_subnet || !is->virtual_network_subnet) continue;
      const bool on_plan =
          was.server_farm == move.name && lab::equal_ignoring_case(is->server_farm, move.name);
      if (move.kind == "site" ? name != move.name : !on_plan) continue;
      if (move.sites.empty()) move.subnet = *was.virtual_network_subnet;
      if (same(move.subnet, *was.virtual_network_subnet)) move.sites.push_back(name);
    }
    if (move.sites.empty()) return;
    const bool inherited = own.empty() && !lab::equal_ignoring_case(step_.before.subscription,
                                                                    step_.after.subscription);
    const std::string path = inherited ? "subscription" : move.path + ".subscription";
    if (!told_.insert(path).second) return;
    refusals_.push_back(
        refusal(lab::subscription_while_integrated(fmt::format("{} '{}'", move.kind, move.name),
                                                   move.sites, move.subnet),
                path));
  }

  const Step& step_;
  Refusals& refusals_;
  std::set<std::string> told_{};
};

}  // namespace

void refuse_subscriptions(const Step& step, Refusals& refusals) {
  SubscriptionRule(step, refusals).run();
}

}  // namespace egress::lifecycle

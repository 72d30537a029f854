// SPDX-License-Identifier: MIT
#include "tests/lifecycle/steps.hpp"

#include <fmt/format.h>

#include <iterator>
#include <random>

#include "lab/schema/vocabulary.hpp"

namespace egress::life {
namespace {

using lab::SubnetRef;

// By how often they come.
constexpr std::array kDrawn = {
    StepKind::kScale,        StepKind::kScale,      StepKind::kScale,
    StepKind::kScale,        StepKind::kConnect,    StepKind::kConnect,
    StepKind::kConnect,      StepKind::kConnect,    StepKind::kCreate,
    StepKind::kDisconnect,   StepKind::kDisconnect, StepKind::kDisconnect,
    StepKind::kPutSite,      StepKind::kPutSite,    StepKind::kPutSite,
    StepKind::kDeleteSite,   StepKind::kDeleteSite, StepKind::kPutPlan,
    StepKind::kPutPlan,      StepKind::kDeletePlan, StepKind::kPutSubnet,
    StepKind::kResizeSubnet, StepKind::kPurge,      StepKind::kDeleteSubnet,
    StepKind::kDeleteSubnet, StepKind::kRestart,    StepKind::kAdvance,
    StepKind::kAdvance,      StepKind::kApplyFirst, StepKind::kApplyExport,
    StepKind::kCrash,        StepKind::kCrash};

constexpr std::array kSites = {"api", "batch", "extra", "late", "web"};
constexpr std::array kPlans = {"other", "plan", "third"};
// All integrate alike, whatever their capacity here.
constexpr const char* kFirstSku = "P1v3";
constexpr std::array kSkus = {kFirstSku, "P2v3", "P3v3"};
// 11 and 12 are the last that a /28 has and the first that it has not.
constexpr std::array kCapacities = {1, 2, 3, 4, 5, 11, 12, 3};

struct DrawnSubnet {
  SubnetRef ref{};
  const char* prefix = "";
  const char* other_prefix = "";
};
const std::array kSubnets = {DrawnSubnet{{"spoke", "small"}, "10.1.1.0/28", "10.1.1.0/27"},
                             DrawnSubnet{{"spoke", "shared"}, "10.1.4.0/26", "10.1.4.0/25"},
                             DrawnSubnet{{"spoke", "bare"}, "10.1.6.0/27", "10.1.6.0/26"},
                             DrawnSubnet{{"spoke", "made"}, "10.1.8.0/27", "10.1.8.0/28"},
                             DrawnSubnet{{"hub", "apps"}, "10.0.1.0/27", "10.0.1.0/28"}};
const size_t kMade = 3;

template <typename Container>
const auto& pick(const Container& container, uint32_t number) {
  return *std::next(std::begin(container),
                    static_cast<std::ptrdiff_t>(number % std::size(container)));
}

// A name that is there, or another one for the daemon to refuse.
template <typename T>
std::string name_in(const lab::Named<T>& named, uint32_t number) {
  return named.empty() ? "gone" : pick(named, number).first;
}

SubnetRef subnet_in(const lab::Lab& lab, uint32_t number) {
  std::vector<SubnetRef> all;
  for (const auto& [vnet, declared] : lab.virtual_networks) {
    for (const auto& [name, subnet] : declared.subnets) all.push_back({vnet, name});
  }
  return pick(all, number);
}

std::string path_of(const SubnetRef& ref) {
  return fmt::format("virtualNetworks.{}.subnets.{}", ref.vnet, ref.subnet);
}

lifecycle::Operation scale(const Step& step, const lab::Lab& lab) {
  const auto& [plan, capacity, what] = step.numbers;
  lifecycle::Scale scale{.server_farm = name_in(lab.server_farms, plan)};
  if (what % 5 != 0) scale.capacity = pick(kCapacities, capacity);
  if (what % 5 < 2) scale.sku = pick(kSkus, what / 5);
  return scale;
}

lifecycle::Operation create(const Step& step, const lab::Lab& lab) {
  const DrawnSubnet& made = kSubnets[kMade];
  const char* prefix = step.numbers[1] % 4 == 0 ? made.other_prefix : made.prefix;
  return lifecycle::Connect{name_in(lab.sites, step.numbers[0]), made.ref,
                            Ipv4Prefix::parse(prefix).value()};
}

lifecycle::Operation put_site(const Step& step, const lab::Lab& lab) {
  const std::string path = std::string("sites.") + pick(kSites, step.numbers[0]);
  const std::string plan = name_in(lab.server_farms, step.numbers[1]);
  if (lab.sites.contains(path.substr(path.find('.') + 1))) {
    return lifecycle::Set{path + ".serverFarm", plan};
  }
  return lifecycle::Set{path, "{serverFarm: " + plan + "}"};
}

lifecycle::Operation put_plan(const Step& step, const lab::Lab& lab) {
  const std::string name = pick(kPlans, step.numbers[0]);
  const std::string capacity = std::to_string(pick(kCapacities, step.numbers[1]));
  if (lab.server_farms.contains(name)) {
    return lifecycle::Set{"serverFarms." + name + ".capacity", capacity};
  }
  return lifecycle::Set{"serverFarms." + name, "{sku: P1v3, capacity: " + capacity + "}"};
}

lifecycle::Operation put_subnet(const Step& step, const lab::Lab& lab) {
  const DrawnSubnet& subnet = pick(kSubnets, step.numbers[0]);
  const std::string path = path_of(subnet.ref);
  if (lab.find(subnet.ref) != nullptr) return lifecycle::Unset{path + ".delegations"};
  return lifecycle::Set{path, fmt::format("{{addressPrefix: {}, delegations: [{}]}}", subnet.prefix,
                                          lab::kServerFarmsDelegation)};
}

lifecycle::Operation resize_subnet(const Step& step, const lab::Lab& lab) {
  const DrawnSubnet& subnet = pick(kSubnets, step.numbers[0]);
  if (lab.find(subnet.ref) == nullptr) return put_subnet(step, lab);
  return lifecycle::Set{path_of(subnet.ref) + ".addressPrefix",
                        step.numbers[1] % 2 == 0 ? subnet.prefix : subnet.other_prefix};
}

// Where a plan has another size than at first it is given that back: a plan whose size changes with
// the subnets of its apps has its old instances there for a moment, too.
Action apply_first(const lab::Lab& lab) {
  for (const auto& [name, plan] : lab.server_farms) {
    if (plan.sku != kFirstSku) {
      return lifecycle::Operation(lifecycle::Scale{.server_farm = name, .sku = kFirstSku});
    }
  }
  return Apply{.first = true};
}

}  // namespace

Steps random_steps(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  const auto number = [&] { return static_cast<uint32_t>(random() >> 32U); };
  Steps steps(count);
  for (Step& step : steps) {
    step.kind = pick(kDrawn, number());
    for (uint32_t& each : step.numbers) each = number();
  }
  return steps;
}

Action action_of(const Step& step, const lab::Lab& lab) {
  const auto& [one, two, three] = step.numbers;
  switch (step.kind) {
    case StepKind::kScale: return scale(step, lab);
    case StepKind::kConnect:
      return lifecycle::Connect{name_in(lab.sites, one), subnet_in(lab, two), {}};
    case StepKind::kCreate: return create(step, lab);
    case StepKind::kDisconnect: return lifecycle::Disconnect{name_in(lab.sites, one)};
    case StepKind::kPutSite: return put_site(step, lab);
    case StepKind::kDeleteSite: return lifecycle::Delete{"site", name_in(lab.sites, one)};
    case StepKind::kPutPlan: return put_plan(step, lab);
    case StepKind::kDeletePlan:
      return lifecycle::Delete{"serverFarm", name_in(lab.server_farms, one)};
    case StepKind::kPutSubnet: return put_subnet(step, lab);
    case StepKind::kResizeSubnet: return resize_subnet(step, lab);
    case StepKind::kDeleteSubnet:
      return lifecycle::Delete{"subnet", subnet_in(lab, one).to_string()};
    case StepKind::kPurge: return lifecycle::Purge{subnet_in(lab, one)};
    case StepKind::kRestart:
      if (lab.sites.empty()) break;
      return Restart{name_in(lab.sites, one)};
    case StepKind::kAdvance: return Advance{std::chrono::minutes(1 + one % 90)};
    case StepKind::kApplyFirst: return apply_first(lab);
    case StepKind::kApplyExport: return Apply{.first = false};
    case StepKind::kCrash: break;
  }
  return Crash{};
}

std::string to_text(const Action& action) {
  struct Text {
    std::string operator()(const lifecycle::Operation& operation) const {
      return "egressctl " + lifecycle::to_text(operation);
    }
    std::string operator()(const Restart& restart) const {
      return "egressctl restart " + restart.site;
    }
    std::string operator()(const Advance& advance) const {
      return fmt::format("egressctl clock advance {}s", advance.by.count());
    }
    std::string operator()(const Apply& apply) const {
      return apply.first ? "egressctl apply first.yaml"
                         : "egressctl export > lab.yaml; egressctl apply lab.yaml";
    }
    std::string operator()(const Crash& /*crash*/) const {
      return "kill -9 $(pidof egressd); egressd &";
    }
  };
  return std::visit(Text{}, action);
}

}  // namespace egress::life

// SPDX-License-Identifier: MIT
#include "tests/oracle/operations.hpp"

#include <string>
#include <vector>

#include "lab/edit.hpp"
#include "lifecycle/operation.hpp"
#include "lifecycle/transition.hpp"

namespace egress::oracle {
namespace {

const std::vector<std::string> kSkus = {"P1v3", "P2v3", "P3v3"};

template <typename T>
std::string any_name(Random& random, const lab::Named<T>& named) {
  return std::next(named.begin(), random.below(static_cast<uint32_t>(named.size())))->first;
}

lab::SubnetRef any_subnet(Random& random, const lab::Lab& lab) {
  std::vector<lab::SubnetRef> all;
  for (const auto& [vnet, declared] : lab.virtual_networks) {
    for (const auto& [name, subnet] : declared.subnets) {
      if (lab::is_integration_subnet(subnet)) all.push_back({vnet, name});
    }
  }
  return all.empty() ? lab::SubnetRef{"gone", "gone"} : random.pick(all);
}

lifecycle::Operation any_operation(Random& random, const lab::Lab& lab) {
  switch (random.below(4)) {
    case 0:
      return lifecycle::Scale{
          any_name(random, lab.server_farms), 1 + static_cast<int>(random.below(4)), {}};
    case 1: return lifecycle::Scale{any_name(random, lab.server_farms), {}, random.pick(kSkus)};
    case 2: return lifecycle::Connect{any_name(random, lab.sites), any_subnet(random, lab), {}};
    default: return lifecycle::Disconnect{any_name(random, lab.sites)};
  }
}

bool is_refused(const lab::Lab& before, const lab::Lab& after,
                const lifecycle::Operation* operation) {
  const lifecycle::State state;
  return !lifecycle::refusals({.before = &before,
                               .after = after,
                               .state = state,
                               .cause = operation == nullptr ? lifecycle::Cause::kApply
                                                             : lifecycle::Cause::kOperation,
                               .operation = operation})
              .empty();
}

}  // namespace

void operate(lab::Lab& lab, Random& random) {
  if (lab.server_farms.empty() || lab.sites.empty() || !is_valid(lab)) return;
  const lifecycle::Operation operation = any_operation(random, lab);
  const auto edits = lifecycle::edits_of(operation, lab);
  if (!edits.ok() || edits->edits.empty()) return;
  lab::Loaded loaded = lab::edit(lab, edits->edits, nullptr);
  if (loaded.lab && !is_refused(lab, *loaded.lab, &operation)) lab = *std::move(loaded.lab);
}

bool may_follow(const lab::Lab& before, const lab::Lab& after) {
  return !is_refused(before, after, nullptr);
}

}  // namespace egress::oracle

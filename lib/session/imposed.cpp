// SPDX-License-Identifier: MIT
#include "session/imposed.hpp"

#include <chrono>
#include <utility>

#include "settings/wire_text.hpp"

namespace egress::session {

ImposedOnWires still_imposed(const ImposedOnWires& imposed, const lab::Lab& lab,
                             const lab::Instances& instances, ipam::TimePoint machine) {
  const int64_t now_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(machine.time_since_epoch()).count();
  ImposedOnWires left;
  for (const auto& [worker, what] : imposed) {
    const auto farm = lab.server_farms.find(worker.server_farm);
    const auto& [server_farm, instance, incarnation] = worker;
    if (!lab::has_instance(lab, instances, server_farm, instance, incarnation)) continue;
    if (farm->second.interface != lab::IntegrationInterface::kTun) continue;
    if (what.until_ms != 0 && what.until_ms <= now_ms) continue;
    left.emplace(policy::WorkerKey{farm->first, instance, incarnation}, what);
  }
  return left;
}

std::vector<store::ImposedText> to_stored(const ImposedOnWires& imposed) {
  std::vector<store::ImposedText> stored;
  for (const auto& [worker, what] : imposed) {
    stored.push_back({.server_farm = worker.server_farm,
                      .instance = worker.instance,
                      .incarnation = worker.incarnation,
                      .impairment = settings::to_text(what.impairment),
                      .held = what.held,
                      .until_ms = what.until_ms});
  }
  return stored;
}

ImposedOnWires from_stored(const std::vector<store::ImposedText>& stored) {
  ImposedOnWires imposed;
  for (const store::ImposedText& each : stored) {
    auto impairment = settings::parse_impairment(each.impairment);
    if (!impairment.ok()) continue;
    imposed[{each.server_farm, each.instance, each.incarnation}] = {std::move(*impairment),
                                                                    each.held, each.until_ms};
  }
  return imposed;
}

}  // namespace egress::session

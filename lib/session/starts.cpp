// SPDX-License-Identifier: MIT
#include "session/starts.hpp"

#include <algorithm>

namespace egress::session {

namespace {

int restarts_of(const LabInForce& lab, const std::string& site) {
  const auto found = lab.restarts.find(site);
  return found == lab.restarts.end() ? 0 : found->second;
}

// Whether the instance was there already.
bool was_there(const LabInForce& base, const lab::Sender& app) {
  if (base.network == nullptr) return true;
  const auto found = base.network->sites.find(app.site);
  return found != base.network->sites.end() &&
         found->second.instance(app.instance, app.incarnation) != nullptr;
}

bool lacks_something(const policy::PlatformReport& report) {
  return !report.running || std::any_of(report.references.begin(), report.references.end(),
                                        [](const auto& reference) { return !reference.resolved; });
}

template <typename Visit>
void for_each_instance(const LabInForce& lab, Visit visit) {
  for (const auto& [name, tasks] : *lab.startup_tasks) {
    const policy::Network::Site& site = lab.network->sites.at(name);
    for (const policy::Network::Instance& each : site.instances) {
      if (each.worker->standing == lab::Standing::kDraining) continue;
      visit(
          lab::Sender{
              .site = name, .instance = each.name.instance, .incarnation = each.name.incarnation},
          site);
    }
  }
}

}  // namespace

bool runs_on(const LabInForce& base, const lab::LabText& text, const std::string& name,
             const lab::Site& site) {
  if (base.network == nullptr) return text == base.text;
  const auto& sites = base.network->situation.lab.sites;
  const auto before = sites.find(name);
  return before != sites.end() && before->second == site;
}

std::set<lab::Sender> starts(const LabInForce& base, const LabInForce& next) {
  std::set<lab::Sender> all;
  for_each_instance(next, [&](const lab::Sender& app, const policy::Network::Site& site) {
    const bool stays = runs_on(base, next.text, app.site, *site.declared) &&
                       restarts_of(base, app.site) == restarts_of(next, app.site);
    if (!stays || !was_there(base, app)) all.insert(app);
  });
  return all;
}

Startups startups_after(const Startups& known, const LabInForce& base, const LabInForce& next,
                        const std::set<lab::Sender>& starts) {
  const bool changed =
      base.network != nullptr && next.version != base.version && next.network != base.network;
  Startups after;
  if (next.network == nullptr) return after;
  for_each_instance(next, [&](const lab::Sender& app, const policy::Network::Site&) {
    Startup& startup = after[app];
    startup.version = next.version;
    const auto before = known.find(app);
    if (before == known.end() || starts.contains(app)) return;
    const auto& report = before->second.report;
    if (!report || (changed && lacks_something(*report))) return;
    startup = before->second;
  });
  return after;
}

const Startup* startup_of(const Startups& startups, const policy::Network& network,
                          const lab::Sender& app) {
  const auto found =
      network.find({app.site, app.instance, lab::TrafficClass::kApplication, app.incarnation});
  if (!found) return nullptr;
  const auto startup = startups.find({.site = found->name.site,
                                      .instance = app.instance,
                                      .incarnation = found->instance.incarnation});
  return startup == startups.end() ? nullptr : &startup->second;
}

NextStarted next_started(const Startups& startups, const policy::Network& network,
                         const std::string& server_farm) {
  std::set<policy::WorkerKey> waiting;  // for some app
  for (const auto& [app, startup] : startups) {
    const auto site = network.sites.find(app.site);
    if (startup.report || site == network.sites.end()) continue;
    const auto* instance = site->second.instance(app.instance, app.incarnation);
    if (instance != nullptr) waiting.insert(instance->name);
  }
  NextStarted next;
  for (const auto& [name, worker] : network.workers) {
    const bool meant =
        name.server_farm == server_farm && worker.standing == lab::Standing::kStarting;
    if (!meant) continue;
    ++next.of;
    if (!waiting.contains(name)) ++next.started;
  }
  return next;
}

}  // namespace egress::session

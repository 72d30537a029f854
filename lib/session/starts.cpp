// SPDX-License-Identifier: MIT
#include "session/starts.hpp"

#include <algorithm>

namespace egress::session {

namespace {

int restarts_of(const LabInForce& lab, const std::string& site) {
  const auto found = lab.restarts.find(site);
  return found == lab.restarts.end() ? 0 : found->second;
}

// How many instances of the site were there already.
size_t instances_before(const LabInForce& base, const std::string& name, size_t now) {
  if (base.network == nullptr) return now;
  const auto found = base.network->sites.find(name);
  return found == base.network->sites.end() ? 0 : found->second.workers.size();
}

bool lacks_something(const policy::PlatformReport& report) {
  return !report.running || std::any_of(report.references.begin(), report.references.end(),
                                        [](const auto& reference) { return !reference.resolved; });
}

template <typename Visit>
void for_each_instance(const LabInForce& lab, Visit visit) {
  for (const auto& [name, tasks] : *lab.startup_tasks) {
    const policy::Network::Site& site = lab.network->sites.at(name);
    for (size_t i = 0; i < site.workers.size(); ++i) {
      visit(lab::Sender{name, static_cast<int>(i)}, site);
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
    const size_t before = instances_before(base, app.site, site.workers.size());
    if (!stays || static_cast<size_t>(app.instance) >= before) all.insert(app);
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

}  // namespace egress::session

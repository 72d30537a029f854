// SPDX-License-Identifier: MIT
#pragma once

// Which instances start when a lab comes into force, and what is known of their starts (contract
// "Start-up"). Those of sites that ask the platform for nothing have no start to speak of.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "policy/platform/report.hpp"
#include "session/proposal.hpp"

namespace egress::session {

// The last start of an instance.
struct Startup {
  uint64_t version = 0;                            // of the lab in force that it began with
  ipam::TimePoint started_at{};                    // by the lab's clock; of one with a report
  std::optional<policy::PlatformReport> report{};  // nothing: it is still to be performed
};
using Startups = std::map<lab::Sender, Startup>;  // each with its incarnation

// The last start of an instance; of one that is not said to be of an incarnation, of the one that
// serves. Null when its site asks for nothing, or there is no such instance.
const Startup* startup_of(const Startups& startups, const policy::Network& network,
                          const lab::Sender& app);

// Of a plan's instances that stand beside those that still serve.
struct NextStarted {
  int started = 0;  // all their apps have, or have tried
  int of = 0;
};
NextStarted next_started(const Startups& startups, const policy::Network& network,
                         const std::string& server_farm);

// Whether the site is the same one in the lab that `text` says, so that it does not start anew. Of
// a base that is not analysed the text tells.
bool runs_on(const LabInForce& base, const lab::LabText& text, const std::string& name,
             const lab::Site& site);

// Instances that are new, and all of a site that does not run on or was restarted; none that
// drains.
std::set<lab::Sender> starts(const LabInForce& base, const LabInForce& next);

// What is known once `next` is in force in place of `base`. With a network that has changed also
// those start anew that do not run, or whose references are not resolved: what kept them from it
// may be mended.
Startups startups_after(const Startups& known, const LabInForce& base, const LabInForce& next,
                        const std::set<lab::Sender>& starts);

}  // namespace egress::session

// SPDX-License-Identifier: MIT
#pragma once

// Starts and backups of one site over made-up outcomes of calls.

#include <map>
#include <string>
#include <vector>

#include "policy/platform/run.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test::made_up {

using Lines = std::vector<std::string>;

// A site "web" that asks for everything, and all that it calls. `site` are keys of it, null
// removes.
lab::Lab lab_of(const std::string& site = "{}");

// What a call comes to, and what the analysis says of it.
struct Fate {
  CallOutcome outcome{};
  Explanation explanation{};
};

Explanation arrival();
Fate reached();
Fate forbidden();
Fate refused();
Fate lost(lab::Verdict verdict, const char* by);
Fate denied();
Fate dropped();
Fate unresolved();

struct Performed {
  Lines calls{};  // "web/0 key-vault tcp://keys.vault.azure.net:443 (public attempt)"
  PlatformReport report{};
};
// Calls that `fates` does not name by an end of their text are reached.
Performed perform(const lab::Lab& lab, std::vector<lab::PlatformTask> tasks,
                  const std::map<std::string, Fate>& fates);
Performed start(const lab::Lab& lab, const std::map<std::string, Fate>& fates = {});
Performed back_up(const lab::Lab& lab, const std::map<std::string, Fate>& fates = {});

Lines results(const PlatformReport& report);  // "image-pull failed"
Lines log_of(const PlatformReport& report, lab::TrafficClass traffic);
Lines references(const PlatformReport& report);  // "DB resolved", "DB: time-out"

}  // namespace egress::policy::test::made_up

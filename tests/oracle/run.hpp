// SPDX-License-Identifier: MIT
#pragma once

// The oracle at work: replays kept cases, then applies random labs one over the other, and holds
// `explain` against packets and `resolve` against lookups in each, and in some of them predicted
// starts against performed ones. Every so many labs it also holds
// the namespaces that came from another lab against the same lab applied afresh. What it finds is
// told with the command that shows it again, shrunk and kept as a case.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/oracle/cases.hpp"
#include "tests/oracle/requests.hpp"
#include "tests/oracle/rig.hpp"

namespace egress::oracle {

struct Settings {
  uint64_t seed = 0;  // 0: a new one
  uint32_t labs = 200;
  uint32_t flows = 100;
  uint32_t lookups = 100;
  uint32_t fresh_every = 9;                // compare with a fresh application; 0: never
  uint32_t starts_every = 5;               // perform the starts of all apps; 0: never
  std::string keep = "oracle-mismatches";  // where shrunk labs are written; empty: nowhere
  std::string cases{};                     // folder of cases to replay before random labs
  std::vector<std::string> files{};        // cases to replay instead of random labs
};

struct Totals {
  size_t cases = 0;
  size_t labs = 0;
  size_t flows = 0;
  size_t allowed = 0;
  size_t requests = 0;  // from the Internet
  size_t lookups = 0;
  size_t answered = 0;  // with an address
  size_t starts = 0;
  size_t fresh = 0;  // comparisons with a fresh application
  WireFindings wires{};
  size_t mismatches = 0;
};

class Run {
 public:
  Run(Rig& rig, const Settings& settings) : rig_(rig), settings_(settings) {}

  // An error means that a lab could not be applied or asked, which is not a mismatch.
  Status run();
  const Totals& totals() const { return totals_; }

 private:
  // What shows again in a lab, applied over another one or afresh.
  struct Finding {
    std::string name{};    // of the case
    std::string replay{};  // the command
    std::vector<std::string> told{};
    std::optional<Question> question{};  // empty: the namespaces differ
  };

  Status replay(const std::string& file);
  Status random_lab_of(uint64_t seed, const lab::Lab* before, bool compare_fresh);
  std::vector<Question> random_questions(const lab::Lab& lab, uint64_t seed) const;
  Status compare(const lab::Lab& lab, const std::vector<Question>& questions,
                 const lab::Lab* before, const std::string& name, const std::string& replay);
  void count(const Question& question);
  Status compare_requests_of(const std::vector<RequestCase>& requests, const std::string& name,
                             const std::string& replay);
  Status hear_wires(const std::string& name, const std::string& replay);
  Status compare_with_fresh(const lab::Lab& lab, const lab::Lab* before, const std::string& name,
                            const std::string& replay);

  void tell(const Finding& finding);
  void keep(const Finding& finding, const lab::Lab& lab, const lab::Lab* before);
  bool shows(const Finding& finding, const lab::Lab& lab, const lab::Lab* before);
  void write(const Finding& finding, const lab::Lab& lab, const lab::Lab* before);

  Rig& rig_;
  const Settings& settings_;
  Totals totals_{};
  uint64_t first_seed_ = 0;  // of the lab that was applied to nothing, with others over it since
  size_t kept_ = 0;
};

}  // namespace egress::oracle

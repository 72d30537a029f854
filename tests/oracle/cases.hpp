// SPDX-License-Identifier: MIT
#pragma once

// Labs kept because they once showed a mismatch: NAME.yaml, whose `expectations` are the flows and
// names and what is right for them; NAME.before.yaml when it shows only with NAME applied over that
// lab; and NAME.tags.json where they need service tags.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lab/lab.hpp"
#include "tests/oracle/questions.hpp"

namespace egress::oracle {

struct Case {
  lab::Lab lab{};
  std::optional<lab::Lab> before{};
};

// The files of the cases in `folder`, sorted.
Result<std::vector<std::string>> case_files(const std::string& folder);
Result<Case> load_case(const std::string& file);
// `told` stands at the top of the file. Returns the file's path.
Result<std::string> write_case(const std::string& folder, const std::string& name, const Case& kept,
                               const std::vector<std::string>& told);

// The flows of the lab's expectations. Expectations name no source port, so each comes from every
// stretch of source ports that some rule tells apart.
std::vector<ProbeCase> expected_flows(const policy::Network& network);
// Their names: of every type, by UDP and by TCP, as expectations say neither.
std::vector<NameCase> expected_names(const policy::Network& network);
// Their starts.
std::vector<StartCase> expected_starts(const policy::Network& network);

// What analysis says of it; kNotFound and kInvalid as it does. An expectation of a name is about
// its addresses, whatever type the question has.
Result<lab::Expectation> expectation_of(const policy::Network& network, const Question& question);

// What `explain`, `resolve` and predicted starts say otherwise than the lab's expectations. Answers
// are left to the packets.
std::vector<std::string> unmet_expectations(const policy::Network& network);

}  // namespace egress::oracle

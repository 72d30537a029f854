// SPDX-License-Identifier: MIT

// libFuzzer's target over the lab loader. An input is a lab file, and behind a line
// "# service tags" the file that its `serviceTags` names, whatever the name. Sanitizers, EG_CHECK,
// libFuzzer's limits of time and memory and the promises below decide whether an input is a
// finding.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "lab/document.hpp"
#include "lab/limits.hpp"
#include "lab/load.hpp"
#include "lab/validate.hpp"

namespace egress::lab {
namespace {

constexpr std::string_view kSeparator = "# service tags\n";
// A path of kMaxDepth keys, a message and a hint.
constexpr size_t kLongestFinding = (kMaxDepth + 2) * (kMaxKeyLength + 2) + kMaxFileName + 4'096;

void check_findings(const std::vector<Finding>& findings) {
  EG_CHECK(findings.size() <= kMaxFindings + 1, "the number of findings is bounded");
  for (const Finding& finding : findings) {
    EG_CHECK(!finding.message.empty() && !finding.code.empty(), "a finding says what it found");
    EG_CHECK(finding.to_string().size() <= kLongestFinding, "a finding's length is bounded");
  }
}

void try_input(std::string_view input) {
  const size_t at = input.find(kSeparator);
  const std::string text(input.substr(0, at));
  const std::string tags(at == input.npos ? std::string_view{}
                                          : input.substr(at + kSeparator.size()));
  const ReadFile read_file = [&](const std::string& /*path*/) -> Result<std::string> {
    return tags;
  };
  const Loaded loaded = load(text, "lab.yaml", read_file);
  check_findings(loaded.findings);
  EG_CHECK(loaded.lab.has_value() == !any_error(loaded.findings), "a lab, or an error");
  if (!loaded.lab) return;
  EG_CHECK(!any_error(validate(*loaded.lab)), "what was loaded is valid");
  const auto written = write(*loaded.lab);
  if (!written.ok()) return;  // aliases written out can be larger than a file
  const Loaded again = load(*written, "lab.yaml", read_file);
  EG_CHECK(again.lab && *again.lab == *loaded.lab, "what was written loads as it was");
}

}  // namespace
}  // namespace egress::lab

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  egress::lab::try_input({reinterpret_cast<const char*>(data), size});
  return 0;
}

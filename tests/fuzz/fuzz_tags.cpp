// SPDX-License-Identifier: MIT

// libFuzzer's target over files of service tags. Sanitizers, EG_CHECK, libFuzzer's limits of time
// and memory and the promises below decide whether an input is a finding.

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "lab/service_tags.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto tags = egress::lab::parse_service_tags(text);
  if (!tags.ok()) {
    EG_CHECK(!tags.error().message.empty(), "a refusal says why");
    return 0;
  }
  const auto written = egress::lab::write(*tags);
  if (!written.ok()) return 0;  // names that no file can hold
  const auto again = egress::lab::parse_service_tags(*written);
  EG_CHECK(again.ok() && *again == *tags, "tags that are written read back as the same");
  return 0;
}

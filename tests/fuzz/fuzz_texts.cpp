// SPDX-License-Identifier: MIT

// libFuzzer's target over the texts that egressd and its programs exchange and the store keeps. The
// first byte of an input chooses which. Sanitizers, EG_CHECK, libFuzzer's limits of time and memory
// and the promise below decide whether an input is a finding.

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "kernel/attachment/protocol.hpp"
#include "settings/bird_text.hpp"
#include "settings/dns_settings_text.hpp"
#include "settings/identity_text.hpp"
#include "settings/names_text.hpp"
#include "settings/platform_report_text.hpp"
#include "settings/responder_text.hpp"
#include "settings/situation_text.hpp"
#include "settings/wire_text.hpp"

namespace egress {
namespace {

using kernel::to_text;
using settings::to_text;

// What is read is written, and that reads back as the same.
template <typename Parse>
void try_text(const Parse& parse, const std::string& text) {
  const auto value = parse(text);
  if (!value.ok()) {
    EG_CHECK(!value.error().message.empty(), "a refusal says why");
    return;
  }
  const std::string written = to_text(*value);
  const auto again = parse(written);
  EG_CHECK(again.ok() && to_text(*again) == written, "a text that is written reads back");
}

void try_input(uint8_t which, const std::string& text) {
  switch (which % 14) {
    case 0: return try_text(settings::parse_dns_role, text);
    case 1: return try_text(settings::parse_identity_role, text);
    case 2: return try_text(settings::parse_names, text);
    case 3: return try_text(settings::parse_platform_report, text);
    case 4: return try_text(settings::parse_responder, text);
    case 5: return try_text(settings::parse_situation, text);
    case 6: return try_text(settings::parse_wire_end, text);
    case 7: return try_text(settings::parse_impairment, text);
    case 8: return try_text(settings::parse_wire_question, text);
    case 9: return try_text(settings::parse_wire_report, text);
    case 10: return try_text(settings::parse_wire_record, text);
    case 11: return try_text(kernel::parse_request, text);
    case 12: return static_cast<void>(kernel::parse_list(text));
    default: return static_cast<void>(settings::parse_sessions_up(text));
  }
}

}  // namespace
}  // namespace egress

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  egress::try_input(*data, std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  return 0;
}

// SPDX-License-Identifier: MIT
#include "base/number.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

std::string render_clock(const Json& clock, const Screen& screen) {
  std::vector<std::pair<std::string, Cell>> rows{
      {"now", text_of(clock, "now")},
      {"ahead", clock_offset_text(clock)},
  };
  if (const std::string ended = text_of(clock, "endedFlows"); !ended.empty()) {
    rows.emplace_back("ended flows", ended);
  }
  return facts(rows, screen);
}

std::string clock_offset_text(const Json& clock) {
  const auto offset = parse_number<int64_t>(text_of(clock, "offset"));
  return duration_text(std::chrono::seconds(offset.value_or(0)));
}

}  // namespace egress::ctl

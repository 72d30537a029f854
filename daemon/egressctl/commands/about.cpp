// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "control/protocol.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/render/table.hpp"
#include "egressctl/terminal.hpp"

namespace egress::ctl {

namespace {

// The rows of docs/conformance.md, in its form: "| I1 | What | done | Tests | Notes |".
constexpr std::string_view kRows =
#include "coverage_rows.inc"
    ;

struct Row {
  std::string id{};
  std::string what{};
  std::string state{};
  std::string notes{};
};

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

Row row_of(std::string_view line) {
  std::array<std::string, 6> cells;
  size_t at = 0;
  for (std::string& cell : cells) {
    const size_t bar = line.find('|', at);
    cell = trimmed(line.substr(at, bar - at));
    at = bar == std::string_view::npos ? line.size() : bar + 1;
  }
  return {cells[1], cells[2], cells[3], cells[5]};
}

std::vector<Row> rows() {
  std::vector<Row> all;
  std::string_view rest = kRows;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) all.push_back(row_of(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return all;
}

Json coverage_json() {
  Json all = Json::array();
  for (const Row& row : rows()) {
    all.push_back({{"id", row.id}, {"what", row.what}, {"state", row.state}, {"notes", row.notes}});
  }
  return {{"coverage", std::move(all)}};
}

std::string coverage_text(const Screen& screen) {
  constexpr size_t kIndent = 10;
  constexpr size_t kColumns = 100;
  std::string text;
  for (const Row& row : rows()) {
    const Paint paint = row.state == "done" ? Paint::kGreen : Paint::kYellow;
    text +=
        fmt::format("{:<4}{} {}\n", row.id, painted(fmt::format("{:<5}", row.state), paint, screen),
                    wrapped(row.what, kIndent, kColumns));
    if (row.notes.empty()) continue;
    text += std::string(kIndent, ' ') +
            painted(wrapped(row.notes, kIndent, kColumns), Paint::kDim, screen) + "\n";
  }
  return text;
}

int about(const Context& context, bool coverage) {
  const Console& console = context.console;
  if (coverage) {
    console.print(coverage_json(), coverage_text(console.out()));
    return kDone;
  }
  console.print(
      {{"name", "egressd"}, {"version", EGRESS_VERSION}, {"license", "MIT"}},
      "egressd " EGRESS_VERSION
      ": App Service virtual network integration on one Linux host.\n"
      "What of it is emulated, and what is not: egressctl about --coverage\n"
      "MIT License. Not a product of Microsoft; Azure and App Service are its trademarks.\n");
  return kDone;
}

// A daemon of another version is no failure here: it is what one wants to know.
int version(const Context& context) {
  const Answer answer = context.client.get("/v1/version");
  Json versions = {{"client", {{"version", EGRESS_VERSION}, {"api", control::kApiVersion}}}};
  std::string daemon = "none answers";
  if (const Json* told = std::get_if<Json>(&answer)) {
    versions["daemon"] = *told;
    daemon = fmt::format("{} (api {})", text_of(*told, "version"), text_of(*told, "api"));
  } else if (const Failure& failure = std::get<Failure>(answer); failure.code == "version") {
    daemon = failure.message;
  }
  context.console.print(
      versions,
      facts({{"egressctl", fmt::format("{} (api {})", EGRESS_VERSION, control::kApiVersion)},
             {"egressd", daemon}},
            context.console.out()));
  return kDone;
}

}  // namespace

void add_about_command(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kOtherGroup, "about", "Tell what this is, and what of App Service it emulates",
      "With --coverage the table of docs/conformance.md: done, or how far and why not further.\n"
      "Example: egressctl about --coverage -o json | jq '.coverage[] | select(.state != "
      "\"done\")'");
  const auto coverage = std::make_shared<bool>(false);
  command->add_flag("--coverage", *coverage, "What is emulated, row by row");
  when_chosen(*command, chosen,
              [coverage](const Context& context) { return about(context, *coverage); });

  CLI::App* versions = add_command(app, kOtherGroup, "version",
                                   "Tell which egressctl this is, and which egressd answers",
                                   "Example: egressctl version -o json\nExit status: 0.");
  when_chosen(*versions, chosen, version);
}

}  // namespace egress::ctl

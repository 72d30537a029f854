// SPDX-License-Identifier: MIT
#include "egressctl/console.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "control/json.hpp"

namespace egress::ctl {

void Console::print(const std::string& text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Console::print(const Json& document) const {
  print(control::dump_indented(document) + "\n");
}

void Console::print(const Json& document, const std::string& text) const {
  return json() ? print(document) : print(text);
}

void Console::note(const std::string& text) const {
  std::fflush(stdout);  // so that both streams on one terminal keep their order
  std::fwrite(text.data(), 1, text.size(), stderr);
}

int Console::fail(const Failure& failure, int exit, const Source& source) const {
  if (json()) {
    note(control::dump_indented(to_json(failure)) + "\n");
    return exit;
  }
  note(render_findings(failure.findings, source, err_));
  const std::string tag = fmt::format("error[{}]", printable(failure.code));
  std::string text =
      "egressctl: " + painted(tag, Paint::kRed, err_) + ": " + printable(failure.message) + "\n";
  if (!failure.hint.empty()) text += "  hint: " + printable(failure.hint) + "\n";
  note(text);
  return exit;
}

}  // namespace egress::ctl

// SPDX-License-Identifier: MIT
#include "egressctl/console.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "control/json.hpp"
#include "egressctl/documents.hpp"
#include "lab/yaml_text.hpp"

namespace egress::ctl {

namespace {

// What a finding says as well is told once: at its place in the file, or else with its hint.
Failure told_once(Failure failure) {
  for (auto finding = failure.findings.begin(); finding != failure.findings.end(); ++finding) {
    if (text_of(*finding, "message") != failure.message) continue;
    if (number_of(*finding, "line") > 0) {
      failure.message = "the lab is refused";
    } else {
      if (failure.hint.empty()) failure.hint = text_of(*finding, "hint");
      failure.findings.erase(finding);
    }
    break;
  }
  return failure;
}

}  // namespace

void Console::print(const std::string& text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Console::print(const Json& document) const {
  print(format_ == Format::kYaml ? lab::yaml_text(document)
                                 : control::dump_indented(document) + "\n");
}

void Console::print_next(const Json& document) const {
  print(format_ == Format::kYaml ? "---\n" + lab::yaml_text(document)
                                 : control::dump(document) + "\n");
}

void Console::print(const Json& document, const std::string& text) const {
  if (format_ == Format::kName) return print(names_in(document));
  return prints_documents() ? print(document) : print(text);
}

void Console::note(const std::string& text) const {
  std::fflush(stdout);  // so that both streams on one terminal keep their order
  std::fwrite(text.data(), 1, text.size(), stderr);
}

int Console::fail(const Failure& failure, int exit, const Source& source) const {
  if (prints_documents()) {
    const Json error = to_json(failure);
    note(format_ == Format::kYaml ? lab::yaml_text(error) : control::dump_indented(error) + "\n");
    return exit;
  }
  const Failure told = told_once(failure);
  note(render_findings(told.findings, source, err_));
  const std::string tag = fmt::format("error[{}]", printable(told.code));
  std::string text =
      "egressctl: " + painted(tag, Paint::kRed, err_) + ": " + printable(told.message) + "\n";
  if (!told.hint.empty()) text += "  hint: " + printable(told.hint) + "\n";
  note(text);
  return exit;
}

}  // namespace egress::ctl

// SPDX-License-Identifier: MIT
#pragma once

// The files that tests of the loader read, and the loader without files.

#include <string>

#include "lab/load.hpp"
#include "tests/support/files.hpp"

namespace egress::lab {

using testing_support::read_file;
using testing_support::test_name;
using testing_support::yaml_files;

inline Result<std::string> no_files(const std::string& path) {
  return Error{.code = Errc::kNotFound, .message = path + " is not there"};
}

inline Loaded load_text(const std::string& text) {
  return load(text, "lab.yaml", no_files);
}

inline std::string errors_of(const Loaded& loaded) {
  std::string text;
  for (const Finding& finding : loaded.findings) {
    if (finding.severity == Severity::kError) text += finding.to_string() + "\n";
  }
  return text;
}

}  // namespace egress::lab

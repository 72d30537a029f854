// SPDX-License-Identifier: MIT
#pragma once

// The files that tests of the loader read, and the loader without files.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "lab/load.hpp"

namespace egress::lab {

inline std::string read_file(const std::filesystem::path& path) {
  const std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::vector<std::filesystem::path> yaml_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A file's name as part of a test's name.
inline std::string test_name(const testing::TestParamInfo<std::filesystem::path>& test) {
  std::string name = test.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

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

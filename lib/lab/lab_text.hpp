// SPDX-License-Identifier: MIT
#pragma once

// A lab as it is written, with the files that it names: how it travels, is stored and is proposed.

#include <map>
#include <string>

#include "base/result.hpp"
#include "lab/load.hpp"

namespace egress::lab {

struct LabText {
  std::string file{};                          // its name in findings
  std::string text{};                          // YAML
  std::map<std::string, std::string> files{};  // what the text refers to, by the path it writes
  bool operator==(const LabText&) const = default;
};

// Adds what `text` refers to. What cannot be read is left out: load() then says so, with its place
// in the lab file.
LabText with_files(std::string file, std::string text, const ReadFile& read);
// A lab file from disk, in the manner of reader_beside().
Result<LabText> read_lab_text(const std::string& path);

Loaded load(const LabText& text);

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#pragma once

// A lab file becomes a Lab, or a list of findings with their places in the file. All findings of
// a file come out of one run. The loader opens nothing itself: files that the lab names (service
// tags) come through `ReadFile`, so that the daemon never opens a path a client wrote.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lab/lab.hpp"

namespace egress::lab {

enum class Severity { kError, kWarning };

struct Finding {
  Severity severity = Severity::kError;
  std::string file{};
  int line = 0;           // from 1; 0 when the finding has no place
  int column = 0;         // from 1
  std::string path{};     // key path, "networkSecurityGroups.nsg.securityRules.deny-sql.priority"
  std::string code{};     // stable, "unknown-key", "priority-range"
  std::string message{};  // the rule that is broken and what was expected
  std::string hint{};     // "did you mean 'securityRules'?", or empty

  // "file:line:column: error: path: message; hint", the hint in brackets behind a full stop
  std::string to_string() const;
  bool operator==(const Finding&) const = default;
};

bool any_error(const std::vector<Finding>& findings);

struct Loaded {
  std::optional<Lab> lab{};         // set exactly when no finding is an error
  std::vector<Finding> findings{};  // in file order
  // In place of `lab`: what the text says where all of it could be read, but some rule refuses it.
  // References may lead nowhere.
  std::optional<Lab> read{};
};

// Returns a file's whole text; `path` is as written in the lab file.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

// `file` names the text in findings, which repeat at most kMaxFileName bytes of it. Input is
// untrusted: size, depth, node count, aliases and time are bounded (lab/limits.hpp).
Loaded load(const std::string& text, const std::string& file, const ReadFile& read_file);

// The path of the file of service tags that the lab text names, for clients that must send it
// along.
std::optional<std::string> service_tags_file(const std::string& text);

// A lab as it is written, with the files that it names: how it travels, is stored and is proposed.
struct LabText {
  std::string file{};                          // its name in findings
  std::string text{};                          // YAML
  std::map<std::string, std::string> files{};  // what the text refers to, by the path it writes

  bool operator==(const LabText&) const = default;
};

// Adds what `text` refers to. What cannot be read is left out: load() then says so, with its place
// in the lab file.
LabText with_files(std::string file, std::string text, const ReadFile& read);

Loaded load(const LabText& text);

// Reads `path` from disk, relative names from the lab file's own folder. Regular files alone: a lab
// that names a pipe or a device gets an error, and keeps nobody waiting.
ReadFile reader_beside(const std::string& lab_file);
// Read the lab itself in the same manner.
Loaded load_file(const std::string& path);
Result<LabText> read_lab_text(const std::string& path);

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#pragma once

// What must survive the daemon: leases, the applied lab, how often each site was restarted, and how
// often the daemon has not survived its own start. One SQLite file; a change is one transaction,
// durable before save() returns. The file is made with the first change and gone after erase().

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ipam/leases.hpp"
#include "ipam/sqlite.hpp"

namespace egress::ipam {

// A lab as the client sent it.
struct AppliedLab {
  std::string file{};                          // its name in findings
  std::string text{};                          // YAML
  std::map<std::string, std::string> files{};  // what the text refers to, by the path it writes
  bool operator==(const AppliedLab&) const = default;
};

using Generations = std::map<std::string, int>;  // restarts by site

struct Saved {
  std::vector<Lease> leases{};
  std::optional<AppliedLab> lab{};
  Generations generations{};
  int unfinished_starts = 0;  // in a row
};

// Unset parts stay as they are.
struct Change {
  LeaseChange leases{};
  std::optional<AppliedLab> lab{};
  std::optional<Generations> generations{};
  std::optional<int> unfinished_starts{};
};

class Store {
 public:
  explicit Store(std::string path) : path_(std::move(path)) {}

  // Empty when nothing was ever saved. kInvalid when the file is damaged or another program's,
  // kUnsupported when a newer version wrote it; the file is left alone then. Finishes an erase()
  // that was cut short.
  Result<Saved> load();
  Status save(const Change& change);
  // Removes the file and SQLite's companions.
  Status erase();

  const std::string& path() const { return path_; }

 private:
  Result<Database*> open();
  Status write(Database& database, const Change& change);

  std::string path_;
  std::optional<Database> database_{};
};

}  // namespace egress::ipam

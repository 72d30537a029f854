// SPDX-License-Identifier: MIT
#pragma once

// What must survive the daemon: leases, the authority of the lab with its key, the numbers by which
// the lab's things are known, the applied lab, how often each site was restarted, the name servers
// of its start, what the starts of its instances came to, the classes of traffic in which somebody
// has run something, what somebody has put on wires, what the lab's life has left beside it, the
// operations on it since a file was applied, the version of all that, how far the lab's clock was
// moved on, and how often the daemon has not survived its own start. One SQLite file; a change is
// one transaction, durable before save() returns. The file is made with the first change and gone
// after erase().

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/slots.hpp"
#include "base/unique_fd.hpp"
#include "ipam/leases.hpp"
#include "lab/load.hpp"
#include "lifecycle/journal.hpp"
#include "lifecycle/state.hpp"
#include "store/sqlite.hpp"
#include "tls/authority.hpp"

namespace egress::store {

using Generations = lab::Named<int>;                       // restarts by site
using NameServers = lab::Named<std::vector<Ipv4Address>>;  // of its network at its start, by site
using TrafficInUse = lab::Named<std::set<lab::TrafficClass>>;  // somebody has run in, by site

// What the start of an instance came to.
struct StartupReport {
  lab::Sender app{};  // with its incarnation
  ipam::TimePoint started_at{};
  std::string text{};
  bool operator==(const StartupReport&) const = default;
};

// What somebody has put on the wires of a plan's instance.
struct ImposedText {
  std::string server_farm{};
  int instance = 0;
  int incarnation = 0;
  std::string impairment{};  // as lib/settings writes it
  bool held = false;
  int64_t until_ms = 0;  // of the machine's clock, since the epoch; 0: until it is cleared
  bool operator==(const ImposedText&) const = default;
};

struct Saved {
  std::vector<ipam::Lease> leases{};
  NumberBook numbers{};
  tls::Authority authority{};  // empty: none is stored
  std::optional<lab::LabText> lab{};
  Generations generations{};
  NameServers dns_at_start{};
  TrafficInUse traffic{};
  std::vector<StartupReport> startups{};
  std::vector<ImposedText> imposed{};
  lifecycle::State life{};
  lifecycle::Journal journal{};
  uint64_t version = 0;
  std::chrono::seconds clock_offset{};
  int unfinished_starts = 0;  // in a row
};

// Unset parts stay as they are.
struct Change {
  ipam::LeaseChange leases{};
  std::optional<NumberBook> numbers{};  // in place of all
  std::optional<tls::Authority> authority{};
  std::optional<lab::LabText> lab{};
  std::optional<Generations> generations{};
  std::optional<NameServers> dns_at_start{};
  std::optional<TrafficInUse> traffic{};
  std::vector<lab::Sender> forgotten_startups{};
  std::vector<StartupReport> startups{};              // in place of those of the same instances
  std::optional<std::vector<ImposedText>> imposed{};  // in place of all
  std::optional<lifecycle::State> life{};
  std::vector<lifecycle::Recorded> journal_entries{};  // behind those that stand
  std::optional<size_t> journal_size{};                // how many stay, with these; the oldest go
  std::optional<uint64_t> version{};
  std::optional<std::chrono::seconds> clock_offset{};
  std::optional<int> unfinished_starts{};
  bool operator==(const Change&) const = default;
};

// The file of a state folder.
std::string database_in(const std::string& folder);
// All that a database may be on the disk: itself, and SQLite's companions, which come and go.
std::vector<std::string> files_of(const std::string& database);

class Store {
 public:
  explicit Store(std::string path) : path_(std::move(path)) {}

  // Empty when nothing was ever saved. kInvalid when the file is damaged or another program's,
  // kUnsupported when a newer version wrote it; the file is left alone then. Finishes an erase()
  // that was cut short.
  Result<Saved> load();
  Status save(const Change& change);
  // Somebody has removed the file that is written to, or put another one in its place.
  bool lost() const;
  // Makes the file once more, with its folder, for a change that says all there is. kConflict when
  // there is another file in its place.
  Status make_again(const Change& everything);
  // Removes the file and SQLite's companions.
  Status erase();
  // Whether anything is saved, readable or not.
  bool exists() const;
  // Gives the file, and SQLite's companions with it, another name beside it that ends in `name`,
  // and returns its path; empty when nothing was saved. kExists when there is a file of that name.
  Result<std::string> put_aside(const std::string& name);

  const std::string& path() const { return path_; }

 private:
  Result<Database*> open();
  void close();
  Status write(Database& database, const Change& change);

  std::string path_;
  std::optional<Database> database_{};
  UniqueFd file_{};  // the database's
};

}  // namespace egress::store

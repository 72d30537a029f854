// SPDX-License-Identifier: MIT
#include "store/store.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/schema/vocabulary.hpp"

namespace egress::store {

namespace {

constexpr int64_t kApplicationId = 0x65677264;  // "egrd"
constexpr int64_t kSchemaVersion = 1;

constexpr const char* kSchema = R"(
CREATE TABLE lease (
  server_farm TEXT NOT NULL, instance INTEGER NOT NULL, vnet TEXT NOT NULL, subnet TEXT NOT NULL,
  address INTEGER NOT NULL, releasing INTEGER NOT NULL, since INTEGER NOT NULL,
  release_at INTEGER,
  PRIMARY KEY (server_farm, instance, vnet, subnet),
  UNIQUE (vnet, address)) STRICT;
CREATE TABLE applied_lab (
  id INTEGER PRIMARY KEY CHECK (id = 1), file TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE lab_file (path TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE generation (site TEXT PRIMARY KEY, restarts INTEGER NOT NULL) STRICT;
PRAGMA application_id = 1701278308;
PRAGMA user_version = 1;
)";

// No new version: who does not know these tables has no use for them.
constexpr const char* kLaterSchema = R"(
CREATE TABLE IF NOT EXISTS start (
  id INTEGER PRIMARY KEY CHECK (id = 1), unfinished INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS lab_version (
  id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS clock_offset (
  id INTEGER PRIMARY KEY CHECK (id = 1), seconds INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS started_site (site TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS dns_at_start (
  site TEXT NOT NULL, position INTEGER NOT NULL, address INTEGER NOT NULL,
  PRIMARY KEY (site, position)) STRICT;
CREATE TABLE IF NOT EXISTS traffic_in_use (
  site TEXT NOT NULL, class TEXT NOT NULL, PRIMARY KEY (site, class)) STRICT;
CREATE TABLE IF NOT EXISTS startup (
  site TEXT NOT NULL, instance INTEGER NOT NULL, started_at INTEGER NOT NULL, report TEXT NOT NULL,
  PRIMARY KEY (site, instance)) STRICT;
)";

int64_t to_stored(ipam::TimePoint time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

ipam::TimePoint from_stored(int64_t nanoseconds) {
  return ipam::TimePoint(
      std::chrono::duration_cast<ipam::TimePoint::duration>(std::chrono::nanoseconds(nanoseconds)));
}

Status check_intact(Database& database) {
  ASSIGN_OR_RETURN(Statement check, database.prepare("PRAGMA quick_check(1)"));
  ASSIGN_OR_RETURN(const bool row, check.step());
  if (row && check.text(0) == "ok") return {};
  return Error{.code = Errc::kInvalid,
               .message = "the database is damaged",
               .kernel_text = row ? check.text(0) : std::string()};
}

// The file is ours and of this version, or empty and becomes so.
Status ensure_schema(Database& database) {
  RETURN_IF_ERROR(check_intact(database));
  ASSIGN_OR_RETURN(const int64_t application, database.integer("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t version, database.integer("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t tables, database.integer("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && tables == 0) {
    RETURN_IF_ERROR(database.execute("PRAGMA journal_mode = WAL"));
    RETURN_IF_ERROR(database.execute("PRAGMA synchronous = FULL"));
    ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database));
    RETURN_IF_ERROR(database.execute(kSchema));
    RETURN_IF_ERROR(database.execute(kLaterSchema));
    return transaction.commit();
  }
  if (application != kApplicationId) {
    return Error{.code = Errc::kInvalid, .message = "the file is another program's database"};
  }
  if (version != kSchemaVersion) {
    return Error{.code = Errc::kUnsupported,
                 .message = fmt::format("the database has schema version {}, this program knows {}",
                                        version, kSchemaVersion)};
  }
  RETURN_IF_ERROR(database.execute("PRAGMA synchronous = FULL"));
  return database.execute(kLaterSchema);
}

Result<std::vector<ipam::Lease>> read_leases(Database& database) {
  ASSIGN_OR_RETURN(Statement select,
                   database.prepare("SELECT server_farm, instance, vnet, subnet, address, "
                                    "releasing, since, release_at FROM lease"));
  std::vector<ipam::Lease> leases;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return leases;
    ipam::Lease lease;
    lease.holder = {
        select.text(0), static_cast<int>(select.integer(1)), {select.text(2), select.text(3)}};
    lease.address = {static_cast<uint32_t>(select.integer(4))};
    lease.state = select.integer(5) != 0 ? ipam::LeaseState::kReleasing : ipam::LeaseState::kHeld;
    lease.since = from_stored(select.integer(6));
    if (!select.is_null(7)) lease.release_at = from_stored(select.integer(7));
    leases.push_back(std::move(lease));
  }
}

Result<std::optional<lab::LabText>> read_lab(Database& database) {
  ASSIGN_OR_RETURN(Statement select, database.prepare("SELECT file, text FROM applied_lab"));
  ASSIGN_OR_RETURN(const bool found, select.step());
  if (!found) return std::optional<lab::LabText>();
  lab::LabText lab{.file = select.text(0), .text = select.text(1)};
  ASSIGN_OR_RETURN(Statement files, database.prepare("SELECT path, text FROM lab_file"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, files.step());
    if (!row) return std::optional<lab::LabText>(std::move(lab));
    lab.files.emplace(files.text(0), files.text(1));
  }
}

Result<Generations> read_generations(Database& database) {
  ASSIGN_OR_RETURN(Statement select, database.prepare("SELECT site, restarts FROM generation"));
  Generations generations;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return generations;
    generations.emplace(select.text(0), static_cast<int>(select.integer(1)));
  }
}

Result<NameServers> read_dns_at_start(Database& database) {
  ASSIGN_OR_RETURN(Statement select,
                   database.prepare("SELECT site, address FROM started_site LEFT JOIN dns_at_start "
                                    "USING (site) ORDER BY site, position"));
  NameServers servers;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return servers;
    std::vector<Ipv4Address>& of_site = servers[select.text(0)];
    if (!select.is_null(1)) of_site.push_back({static_cast<uint32_t>(select.integer(1))});
  }
}

// A class that only a later version knows is none here.
Result<TrafficInUse> read_traffic(Database& database) {
  ASSIGN_OR_RETURN(Statement select, database.prepare("SELECT site, class FROM traffic_in_use"));
  TrafficInUse in_use;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return in_use;
    for (const auto& spelling : lab::traffic_classes()) {
      if (spelling.word == select.text(1)) in_use[select.text(0)].insert(spelling.value);
    }
  }
}

Result<std::vector<StartupReport>> read_startups(Database& database) {
  ASSIGN_OR_RETURN(Statement select,
                   database.prepare("SELECT site, instance, started_at, report FROM startup "
                                    "ORDER BY site, instance"));
  std::vector<StartupReport> startups;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return startups;
    startups.push_back({.app = {select.text(0), static_cast<int>(select.integer(1))},
                        .started_at = from_stored(select.integer(2)),
                        .text = select.text(3)});
  }
}

Statement& bind_holder(Statement& statement, const lab::Integration& holder) {
  return statement.bind(1, holder.server_farm)
      .bind(2, int64_t{holder.instance})
      .bind(3, holder.subnet.vnet)
      .bind(4, holder.subnet.subnet);
}

Status write_leases(Database& database, const ipam::LeaseChange& change) {
  ASSIGN_OR_RETURN(Statement remove,
                   database.prepare("DELETE FROM lease WHERE server_farm = ? AND instance = ? AND "
                                    "vnet = ? AND subnet = ?"));
  for (const ipam::Lease& lease : change.removed) {
    RETURN_IF_ERROR(bind_holder(remove, lease.holder).run());
  }
  // A plain insert: UNIQUE (vnet, address) must refuse a second holder, never replace the first.
  for (const ipam::Lease& lease : change.stored) {
    RETURN_IF_ERROR(bind_holder(remove, lease.holder).run());
  }
  ASSIGN_OR_RETURN(Statement insert,
                   database.prepare("INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  for (const ipam::Lease& lease : change.stored) {
    bind_holder(insert, lease.holder)
        .bind(5, int64_t{lease.address.bits})
        .bind(6, int64_t{lease.state == ipam::LeaseState::kReleasing ? 1 : 0})
        .bind(7, to_stored(lease.since));
    if (lease.release_at) {
      insert.bind(8, to_stored(*lease.release_at));
    } else {
      insert.bind_null(8);
    }
    RETURN_IF_ERROR(insert.run());
  }
  return {};
}

Status write_lab(Database& database, const lab::LabText& lab) {
  ASSIGN_OR_RETURN(Statement replace,
                   database.prepare("INSERT OR REPLACE INTO applied_lab VALUES (1, ?, ?)"));
  RETURN_IF_ERROR(replace.bind(1, lab.file).bind(2, lab.text).run());
  RETURN_IF_ERROR(database.execute("DELETE FROM lab_file"));
  ASSIGN_OR_RETURN(Statement insert, database.prepare("INSERT INTO lab_file VALUES (?, ?)"));
  for (const auto& [path, text] : lab.files) {
    RETURN_IF_ERROR(insert.bind(1, path).bind(2, text).run());
  }
  return {};
}

Status write_generations(Database& database, const Generations& generations) {
  RETURN_IF_ERROR(database.execute("DELETE FROM generation"));
  ASSIGN_OR_RETURN(Statement insert, database.prepare("INSERT INTO generation VALUES (?, ?)"));
  for (const auto& [site, restarts] : generations) {
    RETURN_IF_ERROR(insert.bind(1, site).bind(2, int64_t{restarts}).run());
  }
  return {};
}

// A site whose network had no servers of its own has a row in the first table alone.
Status write_dns_at_start(Database& database, const NameServers& servers) {
  RETURN_IF_ERROR(database.execute("DELETE FROM started_site"));
  RETURN_IF_ERROR(database.execute("DELETE FROM dns_at_start"));
  ASSIGN_OR_RETURN(Statement site, database.prepare("INSERT INTO started_site VALUES (?)"));
  ASSIGN_OR_RETURN(Statement server, database.prepare("INSERT INTO dns_at_start VALUES (?, ?, ?)"));
  for (const auto& [name, addresses] : servers) {
    RETURN_IF_ERROR(site.bind(1, name).run());
    int64_t position = 0;
    for (const Ipv4Address address : addresses) {
      RETURN_IF_ERROR(
          server.bind(1, name).bind(2, position++).bind(3, int64_t{address.bits}).run());
    }
  }
  return {};
}

Status write_traffic(Database& database, const TrafficInUse& traffic) {
  RETURN_IF_ERROR(database.execute("DELETE FROM traffic_in_use"));
  ASSIGN_OR_RETURN(Statement insert, database.prepare("INSERT INTO traffic_in_use VALUES (?, ?)"));
  for (const auto& [site, classes] : traffic) {
    for (const lab::TrafficClass each : classes) {
      RETURN_IF_ERROR(insert.bind(1, site).bind(2, std::string(lab::name_of(each))).run());
    }
  }
  return {};
}

Status write_startups(Database& database, const Change& change) {
  ASSIGN_OR_RETURN(Statement remove,
                   database.prepare("DELETE FROM startup WHERE site = ? AND instance = ?"));
  for (const lab::Sender& app : change.forgotten_startups) {
    RETURN_IF_ERROR(remove.bind(1, app.site).bind(2, int64_t{app.instance}).run());
  }
  ASSIGN_OR_RETURN(Statement replace,
                   database.prepare("INSERT OR REPLACE INTO startup VALUES (?, ?, ?, ?)"));
  for (const StartupReport& startup : change.startups) {
    RETURN_IF_ERROR(replace.bind(1, startup.app.site)
                        .bind(2, int64_t{startup.app.instance})
                        .bind(3, to_stored(startup.started_at))
                        .bind(4, startup.text)
                        .run());
  }
  return {};
}

// Of a table with one row.
Status write_number(Database& database, const char* replace_sql, int64_t number) {
  ASSIGN_OR_RETURN(Statement replace, database.prepare(replace_sql));
  return replace.bind(1, number).run();
}

}  // namespace

Result<Database*> Store::open() {
  if (!database_) {
    ASSIGN_OR_RETURN(Database database, Database::open(path_));
    RETURN_IF_ERROR(ensure_schema(database));
    database_.emplace(std::move(database));
  }
  return &*database_;
}

Result<Saved> Store::load() {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) {
    if (errno != ENOENT) return Error::from_errno("look for " + path_);
    // An erase() that was cut short may have left the companions.
    RETURN_IF_ERROR(erase());
    return Saved{};
  }
  const auto read = [this]() -> Result<Saved> {
    ASSIGN_OR_RETURN(Database * database, open());
    Saved saved;
    ASSIGN_OR_RETURN(saved.leases, read_leases(*database));
    ASSIGN_OR_RETURN(saved.lab, read_lab(*database));
    ASSIGN_OR_RETURN(saved.generations, read_generations(*database));
    ASSIGN_OR_RETURN(saved.dns_at_start, read_dns_at_start(*database));
    ASSIGN_OR_RETURN(saved.traffic, read_traffic(*database));
    ASSIGN_OR_RETURN(saved.startups, read_startups(*database));
    ASSIGN_OR_RETURN(const int64_t version,
                     database->integer("SELECT coalesce(max(version), 0) FROM lab_version"));
    saved.version = static_cast<uint64_t>(version);
    ASSIGN_OR_RETURN(const int64_t offset,
                     database->integer("SELECT coalesce(max(seconds), 0) FROM clock_offset"));
    saved.clock_offset = std::chrono::seconds(offset);
    ASSIGN_OR_RETURN(const int64_t starts,
                     database->integer("SELECT coalesce(max(unfinished), 0) FROM start"));
    saved.unfinished_starts = static_cast<int>(starts);
    return saved;
  };
  Result<Saved> saved = read();
  if (!saved.ok()) return std::move(saved).error().in("read " + path_);
  return saved;
}

Status Store::save(const Change& change) {
  const auto attempt = [&]() -> Status {
    ASSIGN_OR_RETURN(Database * database, open());
    ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(*database));
    RETURN_IF_ERROR(write(*database, change));
    return transaction.commit();
  };
  Status saved = attempt();
  if (!saved.ok()) return std::move(saved).error().in("write " + path_);
  return {};
}

Status Store::write(Database& database, const Change& change) {
  RETURN_IF_ERROR(write_leases(database, change.leases));
  if (change.lab) RETURN_IF_ERROR(write_lab(database, *change.lab));
  if (change.generations) RETURN_IF_ERROR(write_generations(database, *change.generations));
  if (change.dns_at_start) RETURN_IF_ERROR(write_dns_at_start(database, *change.dns_at_start));
  if (change.traffic) RETURN_IF_ERROR(write_traffic(database, *change.traffic));
  RETURN_IF_ERROR(write_startups(database, change));
  if (change.version) {
    RETURN_IF_ERROR(write_number(database, "INSERT OR REPLACE INTO lab_version VALUES (1, ?)",
                                 static_cast<int64_t>(*change.version)));
  }
  if (change.clock_offset) {
    RETURN_IF_ERROR(write_number(database, "INSERT OR REPLACE INTO clock_offset VALUES (1, ?)",
                                 change.clock_offset->count()));
  }
  if (change.unfinished_starts) {
    RETURN_IF_ERROR(write_number(database, "INSERT OR REPLACE INTO start VALUES (1, ?)",
                                 *change.unfinished_starts));
  }
  return {};
}

Status Store::erase() {
  database_.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string file = path_ + suffix;
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
      return Error::from_errno("remove " + file);
    }
  }
  return {};
}

}  // namespace egress::store

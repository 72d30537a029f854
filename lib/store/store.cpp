// SPDX-License-Identifier: MIT
#include "store/store.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/tables.hpp"

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
CREATE TABLE IF NOT EXISTS imposed (
  server_farm TEXT NOT NULL, instance INTEGER NOT NULL, impairment TEXT NOT NULL,
  held INTEGER NOT NULL, until_ms INTEGER NOT NULL,
  PRIMARY KEY (server_farm, instance)) STRICT;
)";

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
    ASSIGN_OR_RETURN(saved.imposed, read_imposed(*database));
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
  if (change.imposed) RETURN_IF_ERROR(write_imposed(database, *change.imposed));
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

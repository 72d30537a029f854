// SPDX-License-Identifier: MIT
#include "store/schema.hpp"

#include <fmt/format.h>

namespace egress::store {

namespace {

constexpr int64_t kApplicationId = 0x65677264;  // "egrd"
constexpr int64_t kVersion = 2;

// An address that waits for its release has a row like one that is held, but its holder may hold
// another one by now.
constexpr const char* kLeases = R"(
CREATE TABLE lease (
  vnet TEXT NOT NULL, address INTEGER NOT NULL, subnet TEXT NOT NULL, server_farm TEXT NOT NULL,
  instance INTEGER NOT NULL, incarnation INTEGER NOT NULL, site TEXT NOT NULL,
  releasing INTEGER NOT NULL, since INTEGER NOT NULL, release_at INTEGER,
  PRIMARY KEY (vnet, address)) STRICT;
CREATE UNIQUE INDEX lease_holder ON lease (server_farm, instance, incarnation, site, vnet, subnet)
  WHERE releasing = 0;
)";

constexpr const char* kLab = R"(
CREATE TABLE applied_lab (
  id INTEGER PRIMARY KEY CHECK (id = 1), file TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE lab_file (path TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE generation (site TEXT PRIMARY KEY, restarts INTEGER NOT NULL) STRICT;
)";

constexpr const char* kLife = R"(
CREATE TABLE plan_instances (
  server_farm TEXT PRIMARY KEY, incarnation INTEGER NOT NULL, outgoing_capacity INTEGER,
  outgoing_serve INTEGER, outgoing_sku TEXT) STRICT;
CREATE TABLE orphaned_link (
  vnet TEXT NOT NULL, subnet TEXT NOT NULL, server_farm TEXT NOT NULL, site TEXT NOT NULL,
  PRIMARY KEY (vnet, subnet, server_farm, site)) STRICT;
CREATE TABLE scale_change (server_farm TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE journal (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, operation TEXT NOT NULL) STRICT;
CREATE TABLE journal_change (
  entry INTEGER NOT NULL, position INTEGER NOT NULL, path TEXT NOT NULL, before TEXT, after TEXT,
  PRIMARY KEY (entry, position)) STRICT;
)";

// No new version: who does not know these tables has no use for them.
constexpr const char* kLater = R"(
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
  site TEXT NOT NULL, instance INTEGER NOT NULL, incarnation INTEGER NOT NULL,
  started_at INTEGER NOT NULL, report TEXT NOT NULL,
  PRIMARY KEY (site, instance, incarnation)) STRICT;
CREATE TABLE IF NOT EXISTS number (
  kind TEXT NOT NULL, holder TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (kind, holder), UNIQUE (kind, number)) STRICT;
CREATE TABLE IF NOT EXISTS imposed (
  server_farm TEXT NOT NULL, instance INTEGER NOT NULL, incarnation INTEGER NOT NULL,
  impairment TEXT NOT NULL, held INTEGER NOT NULL, until_ms INTEGER NOT NULL,
  PRIMARY KEY (server_farm, instance, incarnation)) STRICT;
CREATE TABLE IF NOT EXISTS authority (
  id INTEGER PRIMARY KEY CHECK (id = 1), certificate TEXT NOT NULL, key TEXT NOT NULL) STRICT;
)";

// What has other columns by now. Two of these a database of that version need not have had yet.
constexpr const char* kPut1Aside = R"(
CREATE TABLE IF NOT EXISTS startup (
  site TEXT NOT NULL, instance INTEGER NOT NULL, started_at INTEGER NOT NULL, report TEXT NOT NULL,
  PRIMARY KEY (site, instance)) STRICT;
CREATE TABLE IF NOT EXISTS imposed (
  server_farm TEXT NOT NULL, instance INTEGER NOT NULL, impairment TEXT NOT NULL,
  held INTEGER NOT NULL, until_ms INTEGER NOT NULL,
  PRIMARY KEY (server_farm, instance)) STRICT;
ALTER TABLE lease RENAME TO lease_1;
ALTER TABLE startup RENAME TO startup_1;
ALTER TABLE imposed RENAME TO imposed_1;
)";

// A lease was its holder's, who had one, and a plan had its first instances alone.
constexpr const char* kTakeOver1 = R"(
INSERT INTO lease SELECT
  vnet, address, subnet, server_farm, instance, 0, '', releasing, since, release_at FROM lease_1;
INSERT INTO startup SELECT site, instance, 0, started_at, report FROM startup_1;
INSERT INTO imposed SELECT server_farm, instance, 0, impairment, held, until_ms FROM imposed_1;
DROP TABLE lease_1;
DROP TABLE startup_1;
DROP TABLE imposed_1;
)";

Status check_intact(Database& database) {
  ASSIGN_OR_RETURN(Statement check, database.prepare("PRAGMA quick_check(1)"));
  ASSIGN_OR_RETURN(const bool row, check.step());
  if (row && check.text(0) == "ok") return {};
  return Error{.code = Errc::kInvalid,
               .message = "the database is damaged",
               .kernel_text = row ? check.text(0) : std::string()};
}

Status make_anew(Database& database) {
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database));
  for (const char* part : {kLeases, kLab, kLife, kLater}) {
    RETURN_IF_ERROR(database.execute(part));
  }
  RETURN_IF_ERROR(database.execute(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kVersion)
          .c_str()));
  return transaction.commit();
}

Status migrate_from_1(Database& database) {
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database));
  for (const char* part : {kPut1Aside, kLeases, kLater, kTakeOver1, kLife}) {
    RETURN_IF_ERROR(database.execute(part));
  }
  RETURN_IF_ERROR(database.execute("PRAGMA user_version = 2"));
  return transaction.commit();
}

}  // namespace

Status ensure_schema(Database& database) {
  RETURN_IF_ERROR(check_intact(database));
  ASSIGN_OR_RETURN(const int64_t application, database.integer("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t version, database.integer("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t tables, database.integer("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && tables == 0) {
    RETURN_IF_ERROR(database.execute("PRAGMA journal_mode = WAL"));
    RETURN_IF_ERROR(database.execute("PRAGMA synchronous = FULL"));
    return make_anew(database);
  }
  if (application != kApplicationId) {
    return Error{.code = Errc::kInvalid, .message = "the file is another program's database"};
  }
  if (version < 1 || version > kVersion) {
    return Error{.code = Errc::kUnsupported,
                 .message = fmt::format("the database has schema version {}, this program knows {}",
                                        version, kVersion)};
  }
  RETURN_IF_ERROR(database.execute("PRAGMA synchronous = FULL"));
  if (version == 1) RETURN_IF_ERROR(migrate_from_1(database));
  return database.execute(kLater);
}

}  // namespace egress::store

// SPDX-License-Identifier: MIT
#include "store/sqlite.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/unique_fd.hpp"

namespace egress::store {

namespace {

constexpr int kBusyMilliseconds = 1000;

Errc code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::kBusy;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY: return Errc::kDenied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::kInvalid;
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return Errc::kBug;
    default: return Errc::kKernel;
  }
}

Error sqlite_error(sqlite3* database, const std::string& what) {
  return {.code = code_of(sqlite3_extended_errcode(database)),
          .message = what,
          .kernel_text = sqlite3_errmsg(database)};
}

}  // namespace

Statement& Statement::bind(int parameter, int64_t value) {
  sqlite3_bind_int64(handle_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, const std::string& value) {
  sqlite3_bind_text64(handle_.get(), parameter, value.data(), value.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  sqlite3_bind_null(handle_.get(), parameter);
  return *this;
}

Result<bool> Statement::step() {
  const int result = sqlite3_step(handle_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return sqlite_error(database_, sqlite3_sql(handle_.get()));
}

Status Statement::run() {
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, step());
    if (!row) break;
  }
  sqlite3_reset(handle_.get());
  return {};
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<size_t>(size));
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::string& path) {
  // SQLite gives its -wal and -shm files the mode of the database; the lab holds app settings.
  const UniqueFd made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!made.valid()) return Error::from_errno("open " + path);
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr);
  Database database(handle);
  if (result != SQLITE_OK) return sqlite_error(handle, "open " + path);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return database;
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), sql, -1, &statement, nullptr) != SQLITE_OK) {
    return sqlite_error(handle_.get(), sql);
  }
  return Statement(handle_.get(), statement);
}

Status Database::execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sqlite_error(handle_.get(), sql);
  }
  return {};
}

Result<int64_t> Database::integer(const char* sql) {
  ASSIGN_OR_RETURN(Statement statement, prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.step());
  return row ? statement.integer(0) : int64_t{0};
}

Result<Transaction> Transaction::begin(Database& database) {
  RETURN_IF_ERROR(database.execute("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

Transaction::~Transaction() {
  // A failing rollback leaves nothing to do: SQLite has then rolled back by itself.
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

Status Transaction::commit() {
  RETURN_IF_ERROR(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace egress::store

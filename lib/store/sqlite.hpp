// SPDX-License-Identifier: MIT
#pragma once

// The few calls of SQLite that the store needs, as owned handles and Results. SQLite's own words
// travel in Error::kernel_text, so that a message names the file, what failed and why.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace egress::store {

class Statement {
 public:
  Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), handle_(statement) {}

  // Parameters count from 1, columns from 0, as in SQLite.
  Statement& bind(int parameter, int64_t value);
  Statement& bind(int parameter, const std::string& value);
  Statement& bind_null(int parameter);

  // True while there is a row to read.
  Result<bool> step();
  // Runs to the end and makes ready for the next binding.
  Status run();

  int64_t integer(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_{};
};

class Database {
 public:
  // Makes the file, readable by its owner alone, when there is none.
  static Result<Database> open(const std::string& path);

  Result<Statement> prepare(const char* sql);
  Status execute(const char* sql);
  // The first column of the first row.
  Result<int64_t> integer(const char* sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}
  std::unique_ptr<sqlite3, Close> handle_{};
};

// Rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Status commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_ = nullptr;
};

}  // namespace egress::store

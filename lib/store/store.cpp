// SPDX-License-Identifier: MIT
#include "store/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/folder.hpp"
#include "store/schema.hpp"
#include "store/tables.hpp"

namespace egress::store {

std::string database_in(const std::string& folder) {
  return folder + "/egressd.db";
}

std::vector<std::string> files_of(const std::string& database) {
  return {database, database + "-wal", database + "-shm"};
}

Result<Database*> Store::open() {
  if (!database_) {
    ASSIGN_OR_RETURN(Database database, Database::open(path_));
    RETURN_IF_ERROR(ensure_schema(database));
    file_ = UniqueFd(::open(path_.c_str(), O_PATH | O_CLOEXEC));
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
    ASSIGN_OR_RETURN(saved.numbers, read_numbers(*database));
    ASSIGN_OR_RETURN(saved.authority, read_authority(*database));
    ASSIGN_OR_RETURN(saved.lab, read_lab(*database));
    ASSIGN_OR_RETURN(saved.generations, read_generations(*database));
    ASSIGN_OR_RETURN(saved.dns_at_start, read_dns_at_start(*database));
    ASSIGN_OR_RETURN(saved.traffic, read_traffic(*database));
    ASSIGN_OR_RETURN(saved.startups, read_startups(*database));
    ASSIGN_OR_RETURN(saved.imposed, read_imposed(*database));
    ASSIGN_OR_RETURN(saved.life, read_life(*database));
    ASSIGN_OR_RETURN(saved.journal, read_journal(*database));
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

void Store::close() {
  database_.reset();
  file_ = UniqueFd();
}

bool Store::lost() const {
  return database_.has_value() && !same_file(file_.get(), path_);
}

Status Store::make_again(const Change& everything) {
  close();
  if (exists()) {
    return Error{.code = Errc::kConflict,
                 .message = path_ +
                            " is another file than egressd has written: stop egressd, and "
                            "take away the one that is not to stay"};
  }
  const size_t end = path_.rfind('/');
  if (end != std::string::npos) RETURN_IF_ERROR(make_folder(path_.substr(0, end), 0750));
  return save(everything);
}

Status Store::write(Database& database, const Change& change) {
  RETURN_IF_ERROR(write_leases(database, change.leases));
  if (change.numbers) RETURN_IF_ERROR(write_numbers(database, *change.numbers));
  if (change.authority) RETURN_IF_ERROR(write_authority(database, *change.authority));
  if (change.lab) RETURN_IF_ERROR(write_lab(database, *change.lab));
  if (change.generations) RETURN_IF_ERROR(write_generations(database, *change.generations));
  if (change.dns_at_start) RETURN_IF_ERROR(write_dns_at_start(database, *change.dns_at_start));
  if (change.traffic) RETURN_IF_ERROR(write_traffic(database, *change.traffic));
  RETURN_IF_ERROR(write_startups(database, change));
  if (change.imposed) RETURN_IF_ERROR(write_imposed(database, *change.imposed));
  if (change.life) RETURN_IF_ERROR(write_life(database, *change.life));
  RETURN_IF_ERROR(write_journal(database, change));
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

bool Store::exists() const {
  return ::access(path_.c_str(), F_OK) == 0;
}

Result<std::string> Store::put_aside(const std::string& name) {
  close();
  const std::string aside = path_ + "." + name;
  const std::vector<std::string> from = files_of(path_);
  const std::vector<std::string> to = files_of(aside);
  bool was_there = false;
  // The companions first: who is interrupted finds a file without them, not them without a file.
  for (size_t each = from.size(); each-- > 0;) {
    was_there = ::renameat2(AT_FDCWD, from[each].c_str(), AT_FDCWD, to[each].c_str(),
                            RENAME_NOREPLACE) == 0;
    if (!was_there && errno != ENOENT) return Error::from_errno("rename " + from[each]);
  }
  return was_there ? aside : std::string();
}

Status Store::erase() {
  close();
  for (const std::string& file : files_of(path_)) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
      return Error::from_errno("remove " + file);
    }
  }
  return {};
}

}  // namespace egress::store

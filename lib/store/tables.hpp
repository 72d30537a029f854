// SPDX-License-Identifier: MIT
#pragma once

// The tables of the store's database, each read whole and written in place of what stood there.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"

namespace egress::store {

// Times are stored in nanoseconds since 1970.
inline int64_t to_stored(ipam::TimePoint time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}
inline ipam::TimePoint from_stored(int64_t nanoseconds) {
  return ipam::TimePoint(
      std::chrono::duration_cast<ipam::TimePoint::duration>(std::chrono::nanoseconds(nanoseconds)));
}

Result<std::vector<ipam::Lease>> read_leases(Database& database);
Result<NumberBook> read_numbers(Database& database);
Result<tls::Authority> read_authority(Database& database);
Result<std::optional<lab::LabText>> read_lab(Database& database);
Result<Generations> read_generations(Database& database);
Result<NameServers> read_dns_at_start(Database& database);
Result<TrafficInUse> read_traffic(Database& database);
Result<std::vector<StartupReport>> read_startups(Database& database);
Result<std::vector<ImposedText>> read_imposed(Database& database);
Result<lifecycle::State> read_life(Database& database);
Result<lifecycle::Journal> read_journal(Database& database);

// The leases, the starts and the operations that the change names; others stay.
Status write_leases(Database& database, const ipam::LeaseChange& change);
Status write_startups(Database& database, const Change& change);
Status write_journal(Database& database, const Change& change);

Status write_numbers(Database& database, const NumberBook& numbers);
Status write_authority(Database& database, const tls::Authority& authority);
Status write_lab(Database& database, const lab::LabText& lab);
Status write_generations(Database& database, const Generations& generations);
Status write_dns_at_start(Database& database, const NameServers& servers);
Status write_traffic(Database& database, const TrafficInUse& traffic);
Status write_imposed(Database& database, const std::vector<ImposedText>& imposed);
Status write_life(Database& database, const lifecycle::State& life);
// Of a table with one row.
Status write_number(Database& database, const char* replace_sql, int64_t number);

}  // namespace egress::store

// SPDX-License-Identifier: MIT
#pragma once

// The tables of the store's database, each read whole and written in place of what stood there.

#include <optional>
#include <vector>

#include "base/result.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"

namespace egress::store {

Result<std::vector<ipam::Lease>> read_leases(Database& database);
Result<std::optional<lab::LabText>> read_lab(Database& database);
Result<Generations> read_generations(Database& database);
Result<NameServers> read_dns_at_start(Database& database);
Result<TrafficInUse> read_traffic(Database& database);
Result<std::vector<StartupReport>> read_startups(Database& database);
Result<std::vector<ImposedText>> read_imposed(Database& database);

// The leases and the starts that the change names; others stay.
Status write_leases(Database& database, const ipam::LeaseChange& change);
Status write_startups(Database& database, const Change& change);

Status write_lab(Database& database, const lab::LabText& lab);
Status write_generations(Database& database, const Generations& generations);
Status write_dns_at_start(Database& database, const NameServers& servers);
Status write_traffic(Database& database, const TrafficInUse& traffic);
Status write_imposed(Database& database, const std::vector<ImposedText>& imposed);
// Of a table with one row.
Status write_number(Database& database, const char* replace_sql, int64_t number);

}  // namespace egress::store

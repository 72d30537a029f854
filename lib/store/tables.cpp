// SPDX-License-Identifier: MIT
#include "store/tables.hpp"

#include "lab/schema/vocabulary.hpp"

namespace egress::store {

namespace {

Statement& bind_lease(Statement& statement, const ipam::Lease& lease) {
  return statement.bind(1, lease.holder.subnet.vnet)
      .bind(2, int64_t{lease.address.bits})
      .bind(3, lease.holder.subnet.subnet)
      .bind(4, lease.holder.server_farm)
      .bind(5, int64_t{lease.holder.instance})
      .bind(6, int64_t{lease.holder.incarnation})
      .bind(7, lease.holder.site);
}

}  // namespace

Result<std::vector<ipam::Lease>> read_leases(Database& database) {
  ASSIGN_OR_RETURN(
      Statement select,
      database.prepare("SELECT server_farm, instance, vnet, subnet, incarnation, site, "
                       "address, releasing, since, release_at FROM lease"));
  std::vector<ipam::Lease> leases;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return leases;
    ipam::Lease lease;
    lease.holder = {select.text(0),
                    static_cast<int>(select.integer(1)),
                    {select.text(2), select.text(3)},
                    static_cast<int>(select.integer(4)),
                    select.text(5)};
    lease.address = {static_cast<uint32_t>(select.integer(6))};
    lease.state = select.integer(7) != 0 ? ipam::LeaseState::kReleasing : ipam::LeaseState::kHeld;
    lease.since = from_stored(select.integer(8));
    if (!select.is_null(9)) lease.release_at = from_stored(select.integer(9));
    leases.push_back(std::move(lease));
  }
}

Result<NumberBook> read_numbers(Database& database) {
  ASSIGN_OR_RETURN(Statement select, database.prepare("SELECT kind, holder, number FROM number"));
  NumberBook numbers;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return numbers;
    numbers[select.text(0)].emplace(select.text(1), static_cast<uint32_t>(select.integer(2)));
  }
}

Result<tls::Authority> read_authority(Database& database) {
  ASSIGN_OR_RETURN(Statement select, database.prepare("SELECT certificate, key FROM authority"));
  ASSIGN_OR_RETURN(const bool found, select.step());
  if (!found) return tls::Authority();
  return tls::Authority{.certificate = select.text(0), .key = select.text(1)};
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
                   database.prepare("SELECT site, instance, incarnation, started_at, report "
                                    "FROM startup ORDER BY site, instance, incarnation"));
  std::vector<StartupReport> startups;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return startups;
    startups.push_back({.app = {.site = select.text(0),
                                .instance = static_cast<int>(select.integer(1)),
                                .incarnation = static_cast<int>(select.integer(2))},
                        .started_at = from_stored(select.integer(3)),
                        .text = select.text(4)});
  }
}

Result<std::vector<ImposedText>> read_imposed(Database& database) {
  ASSIGN_OR_RETURN(Statement select,
                   database.prepare("SELECT server_farm, instance, incarnation, impairment, held, "
                                    "until_ms FROM imposed "
                                    "ORDER BY server_farm, instance, incarnation"));
  std::vector<ImposedText> imposed;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return imposed;
    imposed.push_back({.server_farm = select.text(0),
                       .instance = static_cast<int>(select.integer(1)),
                       .incarnation = static_cast<int>(select.integer(2)),
                       .impairment = select.text(3),
                       .held = select.integer(4) != 0,
                       .until_ms = select.integer(5)});
  }
}

Status write_leases(Database& database, const ipam::LeaseChange& change) {
  ASSIGN_OR_RETURN(Statement remove,
                   database.prepare("DELETE FROM lease WHERE vnet = ? AND address = ? AND "
                                    "subnet = ? AND server_farm = ? AND instance = ? AND "
                                    "incarnation = ? AND site = ?"));
  for (const ipam::Lease& lease : change.removed) {
    RETURN_IF_ERROR(bind_lease(remove, lease).run());
  }
  // A plain insert: the keys must refuse a second holder of an address and a second address of a
  // holder, never replace the first.
  for (const ipam::Lease& lease : change.stored) RETURN_IF_ERROR(bind_lease(remove, lease).run());
  ASSIGN_OR_RETURN(Statement insert,
                   database.prepare("INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  for (const ipam::Lease& lease : change.stored) {
    bind_lease(insert, lease)
        .bind(8, int64_t{lease.state == ipam::LeaseState::kReleasing ? 1 : 0})
        .bind(9, to_stored(lease.since));
    if (lease.release_at) {
      insert.bind(10, to_stored(*lease.release_at));
    } else {
      insert.bind_null(10);
    }
    RETURN_IF_ERROR(insert.run());
  }
  return {};
}

Status write_numbers(Database& database, const NumberBook& numbers) {
  RETURN_IF_ERROR(database.execute("DELETE FROM number"));
  ASSIGN_OR_RETURN(Statement insert, database.prepare("INSERT INTO number VALUES (?, ?, ?)"));
  for (const auto& [kind, of_kind] : numbers) {
    for (const auto& [holder, number] : of_kind) {
      RETURN_IF_ERROR(insert.bind(1, kind).bind(2, holder).bind(3, int64_t{number}).run());
    }
  }
  return {};
}

Status write_authority(Database& database, const tls::Authority& authority) {
  ASSIGN_OR_RETURN(Statement replace,
                   database.prepare("INSERT OR REPLACE INTO authority VALUES (1, ?, ?)"));
  return replace.bind(1, authority.certificate).bind(2, authority.key).run();
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
                   database.prepare("DELETE FROM startup WHERE site = ? AND instance = ? AND "
                                    "incarnation = ?"));
  for (const lab::Sender& app : change.forgotten_startups) {
    RETURN_IF_ERROR(remove.bind(1, app.site)
                        .bind(2, int64_t{app.instance})
                        .bind(3, int64_t{app.incarnation})
                        .run());
  }
  ASSIGN_OR_RETURN(Statement replace,
                   database.prepare("INSERT OR REPLACE INTO startup VALUES (?, ?, ?, ?, ?)"));
  for (const StartupReport& startup : change.startups) {
    RETURN_IF_ERROR(replace.bind(1, startup.app.site)
                        .bind(2, int64_t{startup.app.instance})
                        .bind(3, int64_t{startup.app.incarnation})
                        .bind(4, to_stored(startup.started_at))
                        .bind(5, startup.text)
                        .run());
  }
  return {};
}

Status write_imposed(Database& database, const std::vector<ImposedText>& imposed) {
  RETURN_IF_ERROR(database.execute("DELETE FROM imposed"));
  ASSIGN_OR_RETURN(Statement insert,
                   database.prepare("INSERT INTO imposed VALUES (?, ?, ?, ?, ?, ?)"));
  for (const ImposedText& each : imposed) {
    RETURN_IF_ERROR(insert.bind(1, each.server_farm)
                        .bind(2, int64_t{each.instance})
                        .bind(3, int64_t{each.incarnation})
                        .bind(4, each.impairment)
                        .bind(5, int64_t{each.held ? 1 : 0})
                        .bind(6, each.until_ms)
                        .run());
  }
  return {};
}

Status write_number(Database& database, const char* replace_sql, int64_t number) {
  ASSIGN_OR_RETURN(Statement replace, database.prepare(replace_sql));
  return replace.bind(1, number).run();
}

}  // namespace egress::store

// SPDX-License-Identifier: MIT
#include "store/tables.hpp"

namespace egress::store {

namespace {

std::optional<std::string> text_or_none(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.text(column);
}

void bind_or_null(Statement& statement, int parameter, const std::optional<std::string>& value) {
  if (value) {
    statement.bind(parameter, *value);
  } else {
    statement.bind_null(parameter);
  }
}

Status append(Database& database, const lifecycle::Recorded& operation) {
  ASSIGN_OR_RETURN(Statement entry,
                   database.prepare("INSERT INTO journal (at, operation) VALUES (?, ?)"));
  RETURN_IF_ERROR(entry.bind(1, to_stored(operation.at)).bind(2, operation.operation).run());
  ASSIGN_OR_RETURN(const int64_t id, database.integer("SELECT last_insert_rowid()"));
  ASSIGN_OR_RETURN(Statement change,
                   database.prepare("INSERT INTO journal_change VALUES (?, ?, ?, ?, ?)"));
  int64_t position = 0;
  for (const lab::Difference& each : operation.changes) {
    change.bind(1, id).bind(2, position++).bind(3, each.path);
    bind_or_null(change, 4, each.before);
    bind_or_null(change, 5, each.after);
    RETURN_IF_ERROR(change.run());
  }
  return {};
}

Status keep_newest(Database& database, size_t entries) {
  ASSIGN_OR_RETURN(Statement trim,
                   database.prepare("DELETE FROM journal WHERE id <= "
                                    "(SELECT id FROM journal ORDER BY id DESC LIMIT 1 OFFSET ?)"));
  RETURN_IF_ERROR(trim.bind(1, static_cast<int64_t>(entries)).run());
  return database.execute("DELETE FROM journal_change WHERE entry NOT IN (SELECT id FROM journal)");
}

Result<lab::Instances> read_instances(Database& database) {
  ASSIGN_OR_RETURN(Statement select,
                   database.prepare("SELECT server_farm, incarnation, outgoing_capacity, "
                                    "outgoing_serve, outgoing_sku FROM plan_instances"));
  lab::Instances instances;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return instances;
    lab::PlanInstances& plan = instances[select.text(0)];
    plan.incarnation = static_cast<int>(select.integer(1));
    if (select.is_null(2)) continue;
    plan.outgoing = {.capacity = static_cast<int>(select.integer(2)),
                     .serve = select.integer(3) != 0,
                     .sku = select.text(4)};
  }
}

Status write_instances(Database& database, const lab::Instances& instances) {
  RETURN_IF_ERROR(database.execute("DELETE FROM plan_instances"));
  ASSIGN_OR_RETURN(Statement insert,
                   database.prepare("INSERT INTO plan_instances VALUES (?, ?, ?, ?, ?)"));
  for (const auto& [server_farm, plan] : instances) {
    insert.bind(1, server_farm).bind(2, int64_t{plan.incarnation});
    if (const auto& outgoing = plan.outgoing) {
      insert.bind(3, int64_t{outgoing->capacity})
          .bind(4, int64_t{outgoing->serve ? 1 : 0})
          .bind(5, outgoing->sku);
    } else {
      for (const int column : {3, 4, 5}) insert.bind_null(column);
    }
    RETURN_IF_ERROR(insert.run());
  }
  return {};
}

}  // namespace

Result<lifecycle::State> read_life(Database& database) {
  lifecycle::State life;
  ASSIGN_OR_RETURN(life.instances, read_instances(database));
  ASSIGN_OR_RETURN(Statement links,
                   database.prepare("SELECT vnet, subnet, server_farm, site FROM orphaned_link"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, links.step());
    if (!row) break;
    life.orphans.insert({{links.text(0), links.text(1)}, links.text(2), links.text(3)});
  }
  ASSIGN_OR_RETURN(Statement changes,
                   database.prepare("SELECT server_farm, at FROM scale_change ORDER BY at"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, changes.step());
    if (!row) return life;
    life.scale_changes[changes.text(0)].push_back(from_stored(changes.integer(1)));
  }
}

Status write_life(Database& database, const lifecycle::State& life) {
  RETURN_IF_ERROR(write_instances(database, life.instances));
  RETURN_IF_ERROR(database.execute("DELETE FROM orphaned_link"));
  RETURN_IF_ERROR(database.execute("DELETE FROM scale_change"));
  ASSIGN_OR_RETURN(Statement link,
                   database.prepare("INSERT INTO orphaned_link VALUES (?, ?, ?, ?)"));
  for (const lifecycle::OrphanedLink& each : life.orphans) {
    RETURN_IF_ERROR(link.bind(1, each.subnet.vnet)
                        .bind(2, each.subnet.subnet)
                        .bind(3, each.server_farm)
                        .bind(4, each.site)
                        .run());
  }
  ASSIGN_OR_RETURN(Statement change, database.prepare("INSERT INTO scale_change VALUES (?, ?)"));
  for (const auto& [server_farm, times] : life.scale_changes) {
    for (const lifecycle::TimePoint at : times) {
      RETURN_IF_ERROR(change.bind(1, server_farm).bind(2, to_stored(at)).run());
    }
  }
  return {};
}

Result<lifecycle::Journal> read_journal(Database& database) {
  ASSIGN_OR_RETURN(Statement select,
                   database.prepare("SELECT id, at, operation, path, before, after FROM journal "
                                    "LEFT JOIN journal_change ON entry = id "
                                    "ORDER BY id, position"));
  lifecycle::Journal journal;
  std::optional<int64_t> last;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.step());
    if (!row) return journal;
    const int64_t id = select.integer(0);
    if (id != last)
      journal.push_back({.at = from_stored(select.integer(1)), .operation = select.text(2)});
    last = id;
    // An operation that changed nothing in the lab has a row in the first table alone.
    if (select.is_null(3)) continue;
    journal.back().changes.push_back({.path = select.text(3),
                                      .before = text_or_none(select, 4),
                                      .after = text_or_none(select, 5)});
  }
}

Status write_journal(Database& database, const Change& change) {
  for (const lifecycle::Recorded& entry : change.journal_entries) {
    RETURN_IF_ERROR(append(database, entry));
  }
  if (change.journal_size) RETURN_IF_ERROR(keep_newest(database, *change.journal_size));
  return {};
}

}  // namespace egress::store

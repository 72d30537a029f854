// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

namespace {

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string operations_text(double count) {
  return fmt::format("{:.0f} operation{}", count, count == 1 ? "" : "s");
}

Cell state_cell(const Json& status) {
  const Json& operation = member(status, "operation");
  if (!operation.is_object()) {
    return flag_of(status, "inSync") ? Cell("in sync", Paint::kGreen)
                                     : Cell("not in sync", Paint::kRed);
  }
  std::string text =
      fmt::format("{} since {}", text_of(operation, "name"), text_of(operation, "startedAt"));
  if (number_of(operation, "total") > 0) {
    text += fmt::format(", {} of {} done", text_of(operation, "done"), text_of(operation, "total"));
  }
  return {text, Paint::kYellow};
}

std::string summary(const Json& status, const Screen& screen) {
  std::vector<std::pair<std::string, Cell>> rows;
  const std::string lab = text_of(status, "lab");
  rows.emplace_back("lab", lab.empty() ? "none in force" : lab);
  rows.emplace_back("prefix", text_of(status, "prefix"));
  rows.emplace_back("state", state_cell(status));
  if (const std::string until = text_of(status, "heldUntil"); !until.empty()) {
    rows.emplace_back("repairs", Cell(fmt::format("held until {}", until), Paint::kYellow));
  }
  if (const Json& daemon = member(status, "daemon"); daemon.is_object()) {
    rows.emplace_back("daemon",
                      fmt::format("egressd {}, pid {}, since {}", text_of(daemon, "version"),
                                  text_of(daemon, "pid"), text_of(daemon, "since")));
  }
  if (const Json& clock = member(status, "clock"); number_of(clock, "offset") > 0) {
    rows.emplace_back("clock",
                      fmt::format("{} ahead, {}", clock_offset_text(clock), text_of(clock, "now")));
  }
  if (const Json& pass = member(status, "lastPass"); pass.is_object()) {
    rows.emplace_back(
        "last pass",
        fmt::format("{} in {:.2f} s, {} failed", operations_text(number_of(pass, "operations")),
                    number_of(pass, "seconds"), text_of(pass, "failed")));
  }
  if (const Json& fast = member(status, "fastPath"); fast.is_object()) {
    const std::string reason = text_of(fast, "reason");
    rows.emplace_back("fast path", reason.empty()
                                       ? fmt::format("on, {} packets", text_of(fast, "packets"))
                                       : "off: " + reason);
  }
  if (const Json& repair = member(status, "lastRepair"); repair.is_object()) {
    rows.emplace_back(
        "last repair",
        fmt::format("{} undid changes by others, {}",
                    operations_text(static_cast<double>(list_of(repair, "operations").size())),
                    text_of(repair, "at")));
  }
  return facts(rows, screen);
}

Cell state_of(const Json& app) {
  const std::string state = text_of(app, "state");
  if (state == "running") return {state, Paint::kGreen};
  const std::string step = text_of(member(app, "startup"), "step");
  return {step.empty() ? state : fmt::format("{}: {}", state, step),
          state == "failed" ? Paint::kRed : Paint::kYellow};
}

// "app2" in front of "app10".
std::vector<Json> in_order(const Json& rows, const char* name) {
  std::vector<Json> ordered(rows.begin(), rows.end());
  std::stable_sort(ordered.begin(), ordered.end(), [&](const Json& a, const Json& b) {
    return ::strverscmp(text_of(a, name).c_str(), text_of(b, name).c_str()) < 0;
  });
  return ordered;
}

Table apps_table(const Json& status) {
  Table table(
      {"App", "State", "Subnet", "Private IP", "Outbound IP", "Routing", "Worker", "Namespace"});
  for (const Json& app : in_order(list_of(status, "apps"), "site")) {
    table.add({fmt::format("{}/{}", text_of(app, "site"), text_of(app, "instance")), state_of(app),
               or_dash(text_of(app, "subnet")), or_dash(text_of(app, "privateIp")),
               or_dash(text_of(app, "outboundIp")), text_of(app, "applicationRouting"),
               text_of(app, "worker"), text_of(app, "netns")});
  }
  return table;
}

Table workers_table(const Json& status) {
  Table table({"Worker", "Interface", "Address", "Subnet", "Namespace"});
  for (const Json& worker : in_order(list_of(status, "workers"), "name")) {
    const Json& interfaces = list_of(worker, "interfaces");
    if (interfaces.empty()) {
      table.add(
          {text_of(worker, "name"), Cell("-"), Cell("-"), Cell("-"), text_of(worker, "netns")});
    }
    for (const Json& interface : interfaces) {
      table.add({text_of(worker, "name"), text_of(interface, "name"), text_of(interface, "address"),
                 text_of(interface, "subnet"), text_of(worker, "netns")});
    }
  }
  return table;
}

Table hosts_table(const Json& status) {
  Table table({"Host", "Kind", "Address", "Listens", "Namespace"});
  for (const Json& host : list_of(status, "hosts")) {
    std::vector<std::string> addresses = texts_of(host, "addressPrefixes");
    if (addresses.empty()) addresses = {or_dash(text_of(host, "address"))};
    table.add({text_of(host, "name"), text_of(host, "kind"),
               fmt::format("{}", fmt::join(addresses, ", ")),
               or_dash(fmt::format("{}", fmt::join(texts_of(host, "listen"), ", "))),
               text_of(host, "netns")});
  }
  return table;
}

Table snat_table(const Json& status) {
  Table table({"Instance", "Leaves as", "Destination", "Ports in use"});
  for (const Json& use : list_of(status, "snat")) {
    table.add({text_of(use, "instance"), text_of(use, "address"),
               fmt::format("{}://{}:{}", text_of(use, "protocol"), text_of(use, "destination"),
                           text_of(use, "port")),
               text_of(use, "used")});
  }
  return table;
}

Table nat_gateways_table(const Json& status) {
  Table table({"NAT gateway", "Address", "Protocol", "Ports in use", "Used by"});
  for (const Json& gateway : list_of(status, "natGateways")) {
    std::vector<std::string> senders;
    for (const Json& sender : list_of(gateway, "senders")) {
      senders.push_back(fmt::format("{} {}", text_of(sender, "name"), text_of(sender, "used")));
    }
    table.add({text_of(gateway, "name"), text_of(gateway, "address"), text_of(gateway, "protocol"),
               fmt::format("{} of {}", text_of(gateway, "used"), text_of(gateway, "limit")),
               or_dash(fmt::format("{}", fmt::join(senders, ", ")))});
  }
  return table;
}

Table gateways_table(const Json& status) {
  Table table({"Gateway", "On-premises", "Neighbour", "BGP", "Learned", "Static", "Namespace"});
  for (const Json& gateway : list_of(status, "gateways")) {
    for (const Json& connection : list_of(gateway, "connections")) {
      table.add({text_of(gateway, "name"), text_of(connection, "onPremises"),
                 or_dash(text_of(connection, "neighbour")), or_dash(text_of(connection, "session")),
                 text_of(connection, "learned"), text_of(connection, "declared"),
                 text_of(gateway, "netns")});
    }
  }
  return table;
}

Table releases_table(const Json& leases) {
  Table table({"Address", "Subnet", "Holder", "Since", "Release at"});
  for (const Json& lease : leases) {
    table.add({text_of(lease, "address"), text_of(lease, "subnet"), holder_text(lease),
               text_of(lease, "since"), text_of(lease, "releaseAt")});
  }
  return table;
}

// Who scales a plan up or down sees both sets of its instances meanwhile.
std::string scalings(const Json& status, const Screen& screen) {
  std::string text;
  for (const Json& scaling : list_of(status, "scaling")) {
    const bool starting = text_of(scaling, "stage") == "starting";
    text += fmt::format("  {}; {}\n", scaling_text(scaling),
                        starting ? "the old instances serve while the new ones start"
                                 : "the new instances serve, the old ones end");
  }
  if (text.empty()) return text;
  return fmt::format("\n{}\n{}", painted("Scaling", Paint::kBold, screen), text);
}

std::string section(const Table& table, const Screen& screen) {
  return table.empty() ? std::string() : fmt::format("\n{}", table.to_string(screen));
}

std::string lines_under(const char* heading, const std::vector<std::string>& lines, Paint paint,
                        const Screen& screen) {
  if (lines.empty()) return {};
  std::string text = fmt::format("\n{}\n", painted(heading, paint, screen));
  for (const std::string& line : lines) text += "  " + printable(line) + "\n";
  return text;
}

}  // namespace

std::string render_status(const Json& status, const Screen& screen) {
  std::string text = summary(status, screen) +
                     lines_under("Problems", texts_of(status, "problems"), Paint::kRed, screen) +
                     lines_under("Drift", texts_of(status, "drift"), Paint::kRed, screen) +
                     lines_under("Warnings", texts_of(status, "warnings"), Paint::kYellow, screen) +
                     scalings(status, screen) + section(apps_table(status), screen) +
                     section(workers_table(status), screen) + section(hosts_table(status), screen) +
                     section(snat_table(status), screen) +
                     section(nat_gateways_table(status), screen) +
                     section(gateways_table(status), screen);
  if (!list_of(status, "wires").empty()) text += "\n" + render_wires(status, screen);
  const Json& pending = list_of(status, "pendingReleases");
  if (!pending.empty()) {
    text += fmt::format("\n{}\n{}", painted("Pending releases", Paint::kBold, screen),
                        releases_table(pending).to_string(screen));
  }
  if (const std::string orphans = render_orphans(status, screen); !orphans.empty()) {
    text += "\n" + orphans;
  }
  return text;
}

}  // namespace egress::ctl

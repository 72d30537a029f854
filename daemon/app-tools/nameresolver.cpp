// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <optional>

#include "app-tools/tools.hpp"
#include "lab/domain_name.hpp"
#include "probe/lookups.hpp"

namespace egress::app_tools {

namespace {

// As /etc/resolv.conf says it: the first server, how long and how often.
dns::LookupPlan configured_plan() {
  struct __res_state state {};
  ::res_ninit(&state);
  dns::LookupPlan plan{.servers = {{ntohl(state.nsaddr_list[0].sin_addr.s_addr)}},
                       .attempts = std::max(state.retry, 1),
                       .timeout = std::chrono::seconds(std::max(state.retrans, 1))};
  ::res_nclose(&state);
  return plan;
}

// The reply with an address in it, or nothing.
std::optional<dns::Reply> ask(const std::string& name, const dns::LookupPlan& plan) {
  auto replies = probe::look_up(
      {{.question = {lab::plain_domain_name(name), policy::RecordType::kA}, .plan = plan}});
  if (!replies.ok()) {
    fmt::print(stderr, "nameresolver: {}\n", replies.error().to_string());
    return std::nullopt;
  }
  std::optional<dns::Reply> reply = std::move(replies->front());
  if (!reply) return std::nullopt;
  const bool has_address = std::any_of(
      reply->records.begin(), reply->records.end(),
      [](const policy::Record& record) { return record.type == policy::RecordType::kA; });
  return has_address ? std::move(reply) : std::nullopt;
}

void print(const dns::Reply& reply) {
  std::string name;
  std::string addresses;
  std::string aliases;
  for (const policy::Record& record : reply.records) {
    if (record.type == policy::RecordType::kA) {
      name = record.name;
      addresses += "\t" + policy::data_text(record) + "\n";
    } else if (record.type == policy::RecordType::kCname) {
      aliases += "\t" + record.name + "\n";
    }
  }
  fmt::print("Non-authoritative answer:\nName: {}\nAddresses:\n{}", name, addresses);
  if (!aliases.empty()) fmt::print("Aliases:\n{}", aliases);
}

}  // namespace

int nameresolver(const Arguments& arguments) {
  dns::LookupPlan plan = configured_plan();
  bool usage = arguments.empty() || arguments.size() > 2;
  if (arguments.size() == 2) {
    const auto server = Ipv4Address::parse(arguments[1]);
    usage = !server.ok();
    if (server.ok()) plan.servers = {*server};
  }
  if (usage) {
    fmt::print(stderr, "Usage: nameresolver NAME [SERVER], SERVER an IPv4 address\n");
    return kUsage;
  }
  fmt::print("Server: {}\n\n", plan.servers.front().to_string());
  std::fflush(stdout);
  const auto reply = ask(arguments[0], plan);
  if (!reply) {
    fmt::print("*** Can't find {}: No such host is known\n", arguments[0]);
    return kNotFound;
  }
  print(*reply);
  return kFound;
}

}  // namespace egress::app_tools

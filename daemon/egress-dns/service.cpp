// SPDX-License-Identifier: MIT
#include "egress-dns/service.hpp"

#include <utility>

#include "policy/real_servers.hpp"

namespace egress::resolver {
namespace {

using policy::NameAnswer;
using policy::NameStatus;
using settings::AppResolver;
using settings::PlatformResolver;
using settings::ServerResolver;

constexpr Ipv4Address kAppAddress{0x7f00000b};       // 127.0.0.11, azure-facts 8.2.8
constexpr Ipv4Address kPlatformAddress{0xa83f8110};  // 168.63.129.16

// How a server asks its forwarders: all at once, the first in order unless it lags.
dns::LookupPlan forwarding_plan(const std::vector<Ipv4Address>& servers) {
  return {.servers = servers,
          .attempts = 2,
          .timeout = std::chrono::seconds(1),
          .grace = std::chrono::milliseconds(100)};
}

bool asks_real_servers(const settings::DnsRole& role) {
  if (std::holds_alternative<AppResolver>(role)) return false;
  const auto* const server = std::get_if<ServerResolver>(&role);
  return server == nullptr || server->server.forward_to.empty();
}

// How somebody else is asked for what a role does not know.
struct Route {
  Netns netns{};  // null: there is nobody
  dns::LookupPlan plan{};
};

Route route_of(const settings::DnsRole& role, const Netns& own, const PublishedNames* names) {
  if (const auto* const app = std::get_if<AppResolver>(&role)) {
    return {own,
            {.servers = app->servers,
             .attempts = app->attempts,
             .timeout = std::chrono::seconds(app->timeout_seconds)}};
  }
  if (!asks_real_servers(role)) {
    return {own, forwarding_plan(std::get<ServerResolver>(role).server.forward_to)};
  }
  if (names == nullptr) return {};
  return {names->home, forwarding_plan(names->names.forward_to)};
}

int cache_seconds(const settings::DnsRole& role) {
  const auto* const app = std::get_if<AppResolver>(&role);
  return app == nullptr ? 0 : app->cache_seconds;
}

NameAnswer platform_answer(const PlatformResolver& platform, const PublishedNames* names,
                           const std::string& name, policy::RecordType type) {
  if (names == nullptr) return {.status = NameStatus::kServfail};
  if (!platform.vnet) return policy::answer(names->names, std::nullopt, name, type);
  // The names may be those of before the network.
  const auto view = names->view_of.find(*platform.vnet);
  if (view == names->view_of.end()) return {.status = NameStatus::kServfail};
  return policy::answer(names->names, view->second, name, type);
}

}  // namespace

Ipv4Address address_of(const settings::DnsRole& role) {
  if (const auto* const server = std::get_if<ServerResolver>(&role)) return server->address;
  return std::holds_alternative<AppResolver>(role) ? kAppAddress : kPlatformAddress;
}

Result<std::unique_ptr<Service>> Service::open(Surroundings& surroundings, Netns netns,
                                               settings::DnsRole role) {
  const Ipv4Address address = address_of(role);
  ASSIGN_OR_RETURN(UniqueFd udp, open_port(netns, address, dns::Transport::kUdp));
  ASSIGN_OR_RETURN(UniqueFd tcp, open_port(netns, address, dns::Transport::kTcp));
  if (std::holds_alternative<ServerResolver>(role)) tell_marks(udp.get());
  std::unique_ptr<Service> service(new Service(surroundings, std::move(netns), address));
  service->change(std::move(role));
  const Serve serve = [self = service.get()](std::span<const uint8_t> message,
                                             dns::Transport transport, const Answer& answer) {
    self->serve(message, transport, answer);
  };
  service->udp_.emplace(surroundings.loop, std::move(udp), surroundings.datagrams, serve);
  service->tcp_.emplace(surroundings.loop, std::move(tcp), serve);
  return service;
}

Service::Service(Surroundings& surroundings, Netns netns, Ipv4Address address)
    : surroundings_(surroundings),
      netns_(std::move(netns)),
      address_(address),
      name_server_(
          [this](const std::string& name, policy::RecordType type) { return decide(name, type); }),
      upstream_(surroundings.loop, surroundings.clock, surroundings.room, netns_) {}

void Service::change(settings::DnsRole role) {
  role_ = std::move(role);
  cache_ = std::make_shared<dns::Cache>();
  const auto* const server = std::get_if<ServerResolver>(&role_);
  records_ = server == nullptr ? dns::ServerRecords{}
                               : dns::server_records(server->server, server->in_internet);
}

void Service::serve(std::span<const uint8_t> message, dns::Transport transport,
                    const Answer& answer) {
  auto answered = name_server_.answer(message, transport);
  if (const auto* const reply = std::get_if<dns::Message>(&answered)) return answer(*reply);
  forward(std::move(std::get<dns::Forward>(answered)), transport, answer);
}

NameAnswer Service::decide(const std::string& name, policy::RecordType type) const {
  const PublishedNames* const names = surroundings_.names.get();
  if (const auto* const platform = std::get_if<PlatformResolver>(&role_)) {
    return platform_answer(*platform, names, name, type);
  }
  if (std::holds_alternative<ServerResolver>(role_)) {
    return dns::server_answer(records_, names == nullptr ? nullptr : &names->names, name, type);
  }
  return {.status = NameStatus::kForward, .forwarded = name};
}

void Service::forward(dns::Forward forward, dns::Transport transport, const Answer& answer) {
  const size_t limit = dns::reply_limit(forward.query, transport);
  const std::chrono::seconds keep(cache_seconds(role_));
  if (keep.count() > 0) {
    const auto hit = cache_->find(forward.question, surroundings_.clock.monotonic());
    if (hit) {
      return answer(dns::pass_on(forward.query, hit->reply,
                                 {.aliases = forward.aliases, .age = hit->age}, limit));
    }
  }
  const Route route = route_of(role_, netns_, surroundings_.names.get());
  if (route.netns == nullptr) return answer(dns::servfail(forward.query));
  const dns::Question question = forward.question;
  upstream_.ask(route.netns, route.plan, question,
                [this, cache = cache_, forward = std::move(forward), keep, transport,
                 answer](const std::optional<dns::Reply>& reply) {
                  if (!reply) return answer(dns::servfail(forward.query));
                  cache->keep(forward.question, *reply, keep, surroundings_.clock.monotonic());
                  hand_on(forward, *reply, transport, answer);
                });
}

// An alias that real servers give may lead back to a name of the lab.
void Service::hand_on(const dns::Forward& forward, const dns::Reply& reply,
                      dns::Transport transport, const Answer& answer) {
  const size_t limit = dns::reply_limit(forward.query, transport);
  const policy::RecordType type = forward.question.type;
  std::optional<NameAnswer> back;
  if (asks_real_servers(role_)) {
    back = policy::led_back({.records = forward.aliases, .forwarded = forward.question.name}, type,
                            reply.records,
                            [&](const std::string& name) { return decide(name, type); });
  }
  if (!back) return answer(dns::pass_on(forward.query, reply, {.aliases = forward.aliases}, limit));
  if (back->status != NameStatus::kForward) {
    return answer(dns::reply_to(forward.query, *back, limit));
  }
  this->forward({.query = forward.query,
                 .question = {.name = back->forwarded, .type = type},
                 .aliases = std::move(back->records)},
                transport, answer);
}

}  // namespace egress::resolver

// SPDX-License-Identifier: MIT
#include "tests/oracle/dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

namespace egress::oracle {
namespace {

using Json = nlohmann::json;
using Lines = std::vector<std::string>;

// Several commands print one array after the other.
Json arrays(const std::string& text) {
  Json all = Json::array();
  std::istringstream stream(text);
  while (stream >> std::ws, !stream.eof()) {
    Json next;
    stream >> next;
    all.insert(all.end(), next.begin(), next.end());
  }
  return all;
}

// Which interface is at an index of a namespace, and which namespace behind its ids.
struct Places {
  std::map<std::pair<std::string, int>, std::string> links{};
  std::map<std::pair<std::string, int>, std::string> netns{};
};

Places places_of(const std::map<std::string, Listing>& listings) {
  Places places;
  for (const auto& [netns, listing] : listings) {
    for (const Json& link : arrays(listing.links)) {
      places.links[{netns, link.at("ifindex")}] = link.at("ifname");
    }
    for (const Json& id : arrays(listing.ids)) {
      if (id.contains("name")) places.netns[{netns, id.at("nsid")}] = id.at("name");
    }
  }
  return places;
}

void add_links(Lines& lines, const std::string& netns, const Listing& listing,
               const Places& places) {
  for (Json link : arrays(listing.links)) {
    if (link.contains("link_netnsid") && link.contains("link_index")) {
      const auto there = places.netns.find({netns, link["link_netnsid"]});
      const std::string peer = there == places.netns.end() ? "?" : there->second;
      const auto end = places.links.find({peer, link["link_index"]});
      link["peer"] = peer + "/" + (end == places.links.end() ? "?" : end->second);
    }
    for (const char* key : {"ifindex", "link_index", "link_netnsid"}) link.erase(key);
    lines.push_back("link " + link.dump());
  }
}

void add_addresses(Lines& lines, const Listing& listing) {
  for (const Json& link : arrays(listing.addresses)) {
    for (const Json& address : link.value("addr_info", Json::array())) {
      lines.push_back(
          fmt::format("address {} {}", link.at("ifname").get<std::string>(), address.dump()));
    }
  }
}

// Handles and packets counted say when something was made and used, not what it is.
void forget_history(Json& json) {
  if (json.is_object()) {
    json.erase("handle");
    const auto counter = json.find("counter");
    if (counter != json.end() && counter->is_object()) *counter = Json::object();
  }
  if (json.is_structured()) {
    for (Json& inner : json) forget_history(inner);
  }
}

// The marker set's comment is "DIGEST GENERATION".
void forget_generation(Json& set) {
  const auto comment = set.find("comment");
  if (comment == set.end() || set.value("name", "") != "meta_generation") return;
  const std::string text = *comment;
  *comment = text.substr(0, text.find(' '));
}

// What was made anew beside what was there has a number behind its name.
Json without_copies(const std::string& ruleset) {
  static const std::regex kCopy("//[0-9]+");
  return Json::parse(std::regex_replace(ruleset, kCopy, ""));
}

// Rules keep their order within their chain, everything else has none.
void add_ruleset(Lines& lines, const Listing& listing) {
  Json ruleset = without_copies(listing.ruleset);
  std::map<std::string, int> rules;
  for (Json& entry : ruleset.at("nftables")) {
    if (entry.contains("metainfo")) continue;
    const std::string kind = entry.items().begin().key();
    Json& object = entry.begin().value();
    forget_history(object);
    if (kind == "rule") {
      const std::string chain = object.value("table", "") + " " + object.value("chain", "");
      lines.push_back(fmt::format("rule {} {} {}", chain, rules[chain]++, object.dump()));
      continue;
    }
    if (kind == "set" || kind == "map") {
      forget_generation(object);
      // Packets put it there.
      if (object.contains("timeout") || object.contains("size")) object.erase("elem");
      if (object.contains("elem")) std::sort(object["elem"].begin(), object["elem"].end());
    }
    lines.push_back(fmt::format("{} {}", kind, object.dump()));
  }
}

void add_each(Lines& lines, const char* kind, const std::string& listing) {
  for (const Json& object : arrays(listing)) {
    lines.push_back(fmt::format("{} {}", kind, object.dump()));
  }
}

Result<std::string> output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  if (!pipe) return Error{.code = Errc::kKernel, .message = "cannot run " + command};
  std::string text;
  std::array<char, 65536> buffer{};
  size_t size = 0;
  while ((size = ::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0) {
    text.append(buffer.data(), size);
  }
  return text;
}

// A form feed between the parts, in the order of Listing. nft 1.0.6 writes a rule that updates a
// map as text in its JSON, and warns of that.
constexpr const char* kCommands = R"(
ip -d -j link; printf '\f'
ip -d -j addr; printf '\f'
ip -d -j neigh show nud permanent; printf '\f'
ip -d -j -4 route show table all; ip -d -j -6 route show table all; printf '\f'
ip -d -j -4 rule; ip -d -j -6 rule; printf '\f'
ip -j netns list-id; printf '\f'
nft -j list ruleset 2>/dev/null; printf '\f'
cd /proc/sys/net
grep -H . ipv4/ip_forward ipv4/fwmark_reflect ipv4/tcp_fwmark_accept ipv4/conf/*/forwarding ipv4/conf/*/rp_filter ipv4/conf/*/accept_local ipv4/conf/*/arp_filter \
  ipv4/conf/*/proxy_arp ipv4/conf/*/send_redirects ipv4/conf/*/accept_redirects \
  ipv4/conf/*/route_localnet ipv6/conf/*/disable_ipv6 ipv6/conf/*/addr_gen_mode
ss -H -lntu | while read -r kind state in out local rest; do echo "listens $kind $local"; done
)";

// What processes, of this and of other namespaces, have been told to do here: the digest says of
// settings what nobody sees from outside. The identity of the namespace is another one each time.
constexpr const char* kAttachments = R"(
find /run -name .attached -exec cat {} + | grep '"netns":"NETNS"' | sed 's/"identity":[^]]*]//'
)";

Result<Listing> listing_of(const std::string& netns) {
  const std::string attachments =
      std::regex_replace(std::string(kAttachments), std::regex("NETNS"), netns);
  ASSIGN_OR_RETURN(const std::string text,
                   output_of(fmt::format("nsenter --net=/run/netns/{} sh -s 2>&1 <<'END'{}{}END\n",
                                         netns, kCommands, attachments)));
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, '\f');) parts.push_back(part);
  if (parts.size() != 8) {
    return Error{.code = Errc::kKernel, .message = "cannot list " + netns + ": " + text};
  }
  return Listing{parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], parts[7]};
}

}  // namespace

Result<Dump> normalised(const std::map<std::string, Listing>& listings) {
  try {
    Dump dump;
    const Places places = places_of(listings);
    for (const auto& [netns, listing] : listings) {
      Lines& lines = dump[netns];
      add_links(lines, netns, listing, places);
      add_addresses(lines, listing);
      add_each(lines, "neighbour", listing.neighbours);
      add_each(lines, "route", listing.routes);
      add_each(lines, "policy", listing.rules);
      add_ruleset(lines, listing);
      std::istringstream plain(listing.plain);
      for (std::string line; std::getline(plain, line);) lines.push_back(line);
      std::sort(lines.begin(), lines.end());
    }
    return dump;
  } catch (const Json::exception& error) {
    return Error{.code = Errc::kInvalid, .message = error.what()};
  }
}

Result<Dump> dump(const std::string& prefix) {
  std::map<std::string, Listing> listings;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", error)) {
    const std::string netns = entry.path().filename().string();
    if (!netns.starts_with(prefix + "-")) continue;
    ASSIGN_OR_RETURN(listings[netns], listing_of(netns));
  }
  return normalised(listings);
}

std::vector<std::string> differences(const Dump& before, const Dump& after, size_t most) {
  std::vector<std::string> found;
  const auto only_in = [&](const Dump& here, const Dump& there, const char* which) {
    for (const auto& [netns, lines] : here) {
      const auto other = there.find(netns);
      Lines missing;
      const Lines& others = other == there.end() ? Lines{} : other->second;
      std::set_difference(lines.begin(), lines.end(), others.begin(), others.end(),
                          std::back_inserter(missing));
      for (const std::string& line : missing) {
        if (found.size() < most) found.push_back(fmt::format("{} only {}: {}", netns, which, line));
      }
    }
  };
  only_in(before, after, "when applied over another lab");
  only_in(after, before, "when applied afresh");
  return found;
}

}  // namespace egress::oracle

// SPDX-License-Identifier: MIT
#include "settings/record_sets_text.hpp"

#include <algorithm>
#include <utility>

#include "base/number.hpp"

namespace egress::settings {
namespace {

template <typename Address>
Address read_address(std::string_view text) {
  auto address = Address::parse(text);
  if (!address.ok()) throw Unreadable(address.error().message);
  return *address;
}

template <typename Number = int>
Number read_number(std::string_view text) {
  const auto number = parse_number<Number>(text);
  if (!number) throw Unreadable("'" + std::string(text) + "' is no number");
  return *number;
}

// Takes the first word and the blank behind it.
std::string_view word(std::string_view& rest) {
  const size_t blank = std::min(rest.find(' '), rest.size());
  const std::string_view first = rest.substr(0, blank);
  rest.remove_prefix(std::min(blank + 1, rest.size()));
  return first;
}

void add_record(lab::RecordSet& set, std::string_view type, std::string_view data) {
  if (type == "A") {
    set.a.push_back(read_address<Ipv4Address>(data));
  } else if (type == "AAAA") {
    set.aaaa.push_back(read_address<Ipv6Address>(data));
  } else if (type == "CNAME") {
    set.cname = data;
  } else if (type == "TXT") {
    set.txt.push_back(Json::parse(data).get<std::string>());
  } else if (type == "PTR") {
    set.ptr.emplace_back(data);
  } else if (type == "MX") {
    const int preference = read_number(word(data));
    set.mx.push_back({preference, std::string(data)});
  } else if (type == "SRV") {
    lab::SrvRecord srv;
    for (int* const number : {&srv.priority, &srv.weight, &srv.port}) {
      *number = read_number(word(data));
    }
    srv.target = data;
    set.srv.push_back(std::move(srv));
  } else {
    throw Unreadable("there is no record of type '" + std::string(type) + "'");
  }
}

}  // namespace

Json to_json(const std::vector<Ipv4Address>& addresses) {
  Json json = Json::array();
  for (const Ipv4Address address : addresses) json.push_back(address.to_string());
  return json;
}

std::vector<Ipv4Address> read_addresses(const Json& json) {
  std::vector<Ipv4Address> addresses;
  for (const Json& each : json) {
    addresses.push_back(read_address<Ipv4Address>(each.get_ref<const std::string&>()));
  }
  return addresses;
}

void append_lines(std::string& lines, const std::string& name, const lab::RecordSet& set) {
  const auto& [ttl, a, aaaa, cname, txt, ptr, mx, srv] = set;
  const std::string begin = name + ' ' + std::to_string(ttl);
  const size_t before = lines.size();
  const auto line = [&](const char* type, const std::string& data) {
    lines.append(begin).append(type).append(data) += '\n';
  };
  for (const Ipv4Address address : a) line(" A ", address.to_string());
  for (const Ipv6Address& address : aaaa) line(" AAAA ", address.to_string());
  if (cname) line(" CNAME ", *cname);
  for (const std::string& text : txt) line(" TXT ", Json(text).dump());
  for (const std::string& target : ptr) line(" PTR ", target);
  for (const auto& [preference, exchange] : mx) {
    line(" MX ", std::to_string(preference) + ' ' + exchange);
  }
  for (const auto& [priority, weight, port, target] : srv) {
    line(" SRV ", std::to_string(priority) + ' ' + std::to_string(weight) + ' ' +
                      std::to_string(port) + ' ' + target);
  }
  if (lines.size() == before) line("", "");
}

void read_lines(std::string_view lines,
                const std::function<void(std::string name, lab::RecordSet set)>& take) {
  std::string name;
  lab::RecordSet set;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (const std::string_view of = word(line); of != name) {
      if (!name.empty()) take(std::exchange(name, {}), std::exchange(set, {}));
      name = of;
    }
    set.ttl = read_number(word(line));
    if (line.empty()) continue;
    const std::string_view type = word(line);
    add_record(set, type, line);
  }
  if (!name.empty()) take(std::move(name), std::move(set));
}

}  // namespace egress::settings

// SPDX-License-Identifier: MIT
#include "egressctl/render/watch.hpp"

#include <fmt/format.h>

#include <utility>

namespace egress::ctl {

namespace {

constexpr size_t kMostFlows = 4096;

// "14:02:11.381" of a time with its date.
std::string time_of_day(const Json& record) {
  constexpr size_t kBegin = 11;
  constexpr size_t kLength = 12;
  const std::string time = text_of(record, "at");
  return time.size() < kBegin + kLength ? time : time.substr(kBegin, kLength);
}

std::string with_port(const std::string& address, const std::string& port) {
  return port.empty() ? address : address + ":" + port;
}

std::string destination_of(const Json& record) {
  return with_port(text_of(record, "destination"), text_of(record, "port"));
}

std::string decider_of(const Json& record) {
  const Json& by = member(record, "decidedBy");
  const std::string name = text_of(by, "name");
  return name.empty() ? text_of(by, "stage") : name;
}

// Who sends what where.
std::string key_of(const Json& record) {
  return fmt::format("{} {} {}", text_of(record, "app"), text_of(record, "protocol"),
                     destination_of(record));
}

std::pair<std::string, Paint> verdict_of(const Json& record) {
  const std::string verdict = text_of(record, "verdict");
  if (verdict == "Allow") return {"allowed by " + decider_of(record), Paint::kGreen};
  if (verdict == "Deny") return {"DENIED by " + decider_of(record), Paint::kRed};
  if (verdict == "Drop") return {"DROPPED by " + decider_of(record), Paint::kRed};
  return {"NO ROUTE", Paint::kRed};
}

// "virtualNetwork as 10.1.1.4", "direct"
std::string way_of(const Json& record) {
  const std::string path = text_of(record, "path");
  const std::string source = text_of(record, "source");
  if (path.empty() || source.empty()) return path;
  return path + " as " + source;
}

}  // namespace

std::string WatchText::line(const Json& record) {
  const std::string type = text_of(record, "type");
  std::string text;
  if (type == "flow") text = flow(record);
  if (type == "drop") text = drop(record);
  if (type == "packet") text = packet(record);
  if (type == "lost") text = lost(record);
  if (text.empty()) return text;
  return fmt::format("{} {}\n", printable(time_of_day(record)), text);
}

std::string WatchText::flow(const Json& record) {
  remember(key_of(record), decider_of(record));
  const auto [verdict, paint] = verdict_of(record);
  const std::string way = way_of(record);
  std::string text = fmt::format(
      "{} {} {} {}", printable(text_of(record, "app")), printable(text_of(record, "protocol")),
      printable(destination_of(record)), painted(printable(verdict), paint, screen_));
  return way.empty() ? text : text + "  " + printable(way);
}

std::string WatchText::drop(const Json& record) {
  const std::string rule = text_of(record, "rule");
  const auto decider = deciders_.find(key_of(record));
  if (decider != deciders_.end() && decider->second == rule) return {};
  std::string who = text_of(record, "app");
  if (who.empty()) who = text_of(record, "instance");
  if (who.empty()) who = "somebody";
  const std::string where = text_of(record, "where");
  return fmt::format("{} {} {} -> {} {}{}", printable(who), printable(text_of(record, "protocol")),
                     printable(with_port(text_of(record, "source"), text_of(record, "sourcePort"))),
                     printable(destination_of(record)),
                     painted("DROPPED by " + printable(rule), Paint::kRed, screen_),
                     where.empty() ? "" : " of " + printable(where));
}

std::string WatchText::packet(const Json& record) const {
  const std::string fate = text_of(record, "fate");
  const std::string flags = text_of(record, "flags");
  return fmt::format(
      "{} {} {} {} -> {}{} length {}{}", printable(text_of(record, "wire")),
      printable(text_of(record, "direction")), printable(text_of(record, "protocol")),
      printable(with_port(text_of(record, "source"), text_of(record, "sourcePort"))),
      printable(destination_of(record)),
      flags.empty() ? ""
                    : fmt::format(" [{}] seq {}", printable(flags), text_of(record, "sequence")),
      text_of(record, "length"),
      fate == "passed" ? "" : " " + painted(printable(fate), Paint::kYellow, screen_));
}

std::string WatchText::lost(const Json& record) const {
  const std::string count = text_of(record, "count");
  return painted(
      fmt::format("{} records lost for want of room: {}", count.empty() ? "some" : printable(count),
                  printable(text_of(record, "where"))),
      Paint::kYellow, screen_);
}

void WatchText::remember(const std::string& flow, const std::string& decider) {
  if (!deciders_.insert_or_assign(flow, decider).second) return;
  oldest_.push_back(flow);
  if (oldest_.size() <= kMostFlows) return;
  deciders_.erase(oldest_.front());
  oldest_.pop_front();
}

}  // namespace egress::ctl

// SPDX-License-Identifier: MIT
#include "egressctl/commands/commands.hpp"

#include <fmt/format.h>

#include <set>

#include "control/messages.hpp"
#include "egressctl/offline.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/suggest.hpp"

namespace egress::ctl {

CLI::App* add_command(CLI::App& app, const char* group, const char* name, const char* purpose,
                      const char* details) {
  CLI::App* command = app.add_subcommand(name, purpose);
  command->group(group);
  command->footer(details);
  return command;
}

namespace {

using ParseSender = Result<lab::Sender> (*)(std::string_view);

CLI::Option* add_parsed(CLI::App& command, const char* name, const char* purpose,
                        std::string& target, ParseSender parse) {
  return command.add_option(name, target, purpose)
      ->required()
      ->check(CLI::Validator(
          [parse](std::string& text) {
            const auto parsed = parse(text);
            return parsed.ok() ? std::string() : parsed.error().message;
          },
          ""));
}

}  // namespace

CLI::Option* add_sender(CLI::App& command, std::string& target) {
  return add_parsed(command, "SITE[/INSTANCE]|host/NAME",
                    "App, and which instance of it (default 0), or host", target,
                    lab::Sender::parse_with_hosts);
}

CLI::Option* add_target(CLI::App& command, std::string& target) {
  return add_parsed(command, "SITE[/INSTANCE]", "App, and which instance of it (default 0)", target,
                    lab::Sender::parse);
}

CLI::Option* add_traffic(CLI::App& command, std::string& traffic) {
  return command
      .add_option("--traffic", traffic,
                  "What is sent: " + lab::one_of(lab::words_of(lab::traffic_classes())))
      ->type_name(kTrafficType)
      ->capture_default_str()
      ->check(CLI::Validator(
          [](std::string& text) {
            const auto parsed = control::parse_traffic(text);
            return parsed.ok() ? std::string() : parsed.error().message;
          },
          ""));
}

Result<lab::Sender> parse_sender(const std::string& target, const std::string& traffic) {
  ASSIGN_OR_RETURN(lab::Sender sender, lab::Sender::parse_with_hosts(target));
  ASSIGN_OR_RETURN(sender.traffic, control::parse_traffic(traffic));
  if (sender.host.empty() || sender.traffic == lab::TrafficClass::kApplication) return sender;
  return Error{.code = Errc::kInvalid, .message = "classes of traffic are of apps, not of hosts"};
}

int refuse(const Console& console, const Error& error, Purpose purpose) {
  const Failure failure = failure_of(error);
  return console.fail(failure, exit_of(failure, purpose));
}

int show(const Console& console, const Answer& answer, Render render) {
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return console.fail(*failure, exit_of(*failure, Purpose::kQuestion));
  }
  const Json& document = std::get<Json>(answer);
  console.print(document, render(document, console.out()));
  return kDone;
}

std::vector<std::string> formats() {
  std::vector<std::string> words;
  for (const FormatWord& each : kFormats) words.emplace_back(each.word);
  words.insert(words.end(), std::begin(kPictures), std::end(kPictures));
  return words;
}

void when_chosen(CLI::App& command, Action& chosen, Action action) {
  command.callback([&chosen, action = std::move(action)] { chosen = action; });
}

namespace {

struct Known {
  std::vector<std::string> sites{};
  std::vector<std::string> hosts{};
  std::vector<std::string> subnets{};  // with leases
  std::vector<std::string> plans{};
};

Known known_of(const Json& status) {
  Known known;
  for (const Json& app : list_of(status, "apps")) {
    if (number_of(app, "instance") == 0) known.sites.push_back(text_of(app, "site"));
  }
  for (const Json& host : list_of(status, "hosts")) {
    if (text_of(host, "kind") == "host") known.hosts.push_back(text_of(host, "name"));
  }
  std::set<std::string> subnets;
  std::set<std::string> plans;
  for (const Json& worker : list_of(status, "workers")) {
    const std::string name = text_of(worker, "name");
    plans.insert(name.substr(0, name.find('/')));
    for (const Json& interface : list_of(worker, "interfaces")) {
      subnets.insert(text_of(interface, "subnet"));
    }
  }
  known.subnets.assign(subnets.begin(), subnets.end());
  known.plans.assign(plans.begin(), plans.end());
  return known;
}

// `hint_of` is asked with what the daemon's lab has, when the answer is that a name is unknown.
template <typename HintOf>
Answer with_hint(Answer answer, const Client& client, HintOf hint_of) {
  Failure* failure = std::get_if<Failure>(&answer);
  if (failure == nullptr) return answer;
  const bool conflict = failure->code == errc_name(Errc::kConflict);
  if (!conflict && failure->code != errc_name(Errc::kNotFound)) return answer;
  const Answer status = client.get("/v1/status");
  const Json* known = std::get_if<Json>(&status);
  if (known == nullptr) return answer;
  if (!conflict) {
    failure->hint = hint_of(known_of(*known));
  } else if (text_of(*known, "lab").empty()) {
    failure->hint = "apply one: egressctl apply FILE";
  }
  return answer;
}

}  // namespace

Answer with_sites(Answer answer, const Client& client, const std::string& site) {
  return with_hint(std::move(answer), client,
                   [&](const Known& known) { return hint_for("sites", site, known.sites); });
}

Answer with_senders(Answer answer, const Client& client, const lab::Sender& sender) {
  return sender.host.empty() ? with_sites(std::move(answer), client, sender.site)
                             : with_hosts(std::move(answer), client, sender.host);
}

Answer with_lab(Answer answer, const Client& client) {
  return with_hint(std::move(answer), client, [](const Known&) { return std::string(); });
}

Answer with_hosts(Answer answer, const Client& client, const std::string& host) {
  return with_hint(std::move(answer), client,
                   [&](const Known& known) { return hint_for("hosts", host, known.hosts); });
}

Answer with_subnets(Answer answer, const Client& client, const std::string& subnet) {
  return with_hint(std::move(answer), client, [&](const Known& known) {
    return hint_for("integration subnets", subnet, known.subnets);
  });
}

Answer with_plans(Answer answer, const Client& client, const std::string& plan) {
  return with_hint(std::move(answer), client,
                   [&](const Known& known) { return hint_for("server farms", plan, known.plans); });
}

}  // namespace egress::ctl

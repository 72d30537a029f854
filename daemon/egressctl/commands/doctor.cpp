// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "egressctl/commands/commands.hpp"
#include "egressctl/programs.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

namespace {

Json check(const char* name, const char* state, const std::string& found, const std::string& cure) {
  return {{"name", name}, {"state", state}, {"found", found}, {"cure", cure}};
}

Json check_of_daemon(const Client& client) {
  const Answer answer = client.get("/v1/health");
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    const bool absent = failure->code == "daemon-unreachable";
    return check("daemon", absent ? "warning" : "failed", failure->message, failure->hint);
  }
  const Json& health = std::get<Json>(answer);
  const std::string state = text_of(health, "status");
  if (state != "degraded") return check("daemon", "ok", "answers, " + state, "");
  const std::vector<std::string> problems = texts_of(health, "problems");
  return check("daemon", "failed", problems.empty() ? state : problems.front(),
               "see all of it: egressctl status");
}

Cell cell_of(const std::string& state) {
  if (state == "ok") return {state, Paint::kGreen};
  return {state, state == "warning" ? Paint::kYellow : Paint::kRed};
}

std::string render(const Json& checks, const Screen& screen) {
  Table table({"Check", "State", "Found"});
  std::vector<std::pair<std::string, Cell>> cures;
  for (const Json& each : checks) {
    table.add({text_of(each, "name"), cell_of(text_of(each, "state")), text_of(each, "found")});
    if (text_of(each, "state") != "ok")
      cures.emplace_back(text_of(each, "name"), text_of(each, "cure"));
  }
  std::string text = table.to_string(screen);
  if (!cures.empty()) text += "\nWhat helps\n" + facts(cures, screen);
  return text;
}

int doctor(const Context& context, const std::vector<std::string>& options) {
  const Console& console = context.console;
  const Json told = Json::parse(ask_program(doctor_command(options), Errors::kLost), nullptr,
                                /*allow_exceptions=*/false);
  if (told.is_discarded()) {
    return console.fail({.code = "not-found",
                         .message = daemon_program() + " does not tell about this machine",
                         .hint = "install egressd, or see what it says: egressd --doctor"},
                        kTrouble);
  }
  Json checks = list_of(told, "checks");
  checks.push_back(check_of_daemon(context.client));
  console.print({{"checks", checks}}, render(checks, console.out()));
  const bool failed = std::any_of(checks.begin(), checks.end(), [](const Json& each) {
    return text_of(each, "state") == "failed";
  });
  return failed ? kNo : kDone;
}

}  // namespace

void add_doctor_command(CLI::App& app, const std::vector<std::string>& words, Action& chosen) {
  CLI::App* command = add_command(
      app, kOtherGroup, "doctor", "Tell whether this machine can be one for labs, and what helps",
      "Tries a small lab out in namespaces that end with it. What egressd is started with stands\n"
      "behind --; without that it is what the installed configuration says.\n"
      "Examples:\n"
      "  egressctl doctor\n"
      "  egressctl doctor -- --state-dir /srv/egressd\n"
      "Exit status: 0 nothing is wrong (warnings do not count), 1 something is, 3 trouble.");
  when_chosen(*command, chosen,
              [&words](const Context& context) { return doctor(context, words); });
}

}  // namespace egress::ctl

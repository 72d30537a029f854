// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "egressctl/app_process.hpp"
#include "egressctl/commands/commands.hpp"

namespace egress::ctl {

namespace {

Answer context_of(const Client& client, const lab::Sender& app) {
  return with_names(
      client.get(fmt::format("/v1/apps/{}/{}/context", escaped(app.site), app.instance)), client,
      app.site);
}

inspect::AppContext app_context_of(const Json& document) {
  inspect::AppContext app{.netns = text_of(document, "netns"),
                          .resolv_conf = text_of(document, "resolvConf"),
                          .hosts = text_of(document, "hosts")};
  const Json& environment = member(document, "environment");
  if (!environment.is_object()) return app;
  for (const auto& [name, value] : environment.items()) {
    app.environment.emplace(name, text_of(environment, name.c_str()));
  }
  return app;
}

int env(const Context& context, const std::string& target) {
  const auto app = lab::Sender::parse(target);
  if (!app.ok()) return context.console.fail(failure_of(app.error()), kUsage);
  const Answer answer = context_of(context.client, *app);
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, kTrouble);
  }
  const Json& document = std::get<Json>(answer);
  std::string lines;
  for (const auto& [name, value] : app_context_of(document).environment) {
    lines += name + "=" + value + "\n";
  }
  context.console.print(member(document, "environment"), lines);
  return kDone;
}

int exec(const Context& context, const std::string& target,
         const std::vector<std::string>& program) {
  const Console& console = context.console;
  const auto app = lab::Sender::parse(target);
  if (!app.ok()) return console.fail(failure_of(app.error()), kExecTrouble);
  if (program.empty()) {
    return console.fail({.code = "usage",
                         .message = "no command to run",
                         .hint = fmt::format("egressctl exec {} -- COMMAND...", target)},
                        kExecTrouble);
  }
  const Answer answer = context_of(context.client, *app);
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return console.fail(*failure, kExecTrouble);
  }
  if (const Status entered = enter_app(app_context_of(std::get<Json>(answer))); !entered.ok()) {
    const bool denied = entered.error().code == Errc::kDenied;
    return console.fail(failure_of(entered.error(), denied ? "run as root" : ""), kExecTrouble);
  }
  const int exit = become(program);
  const int reason = errno;
  return console.fail({.code = exit == kNoCommand ? "command-not-found" : "not-executable",
                       .message = program.front() + ": " + strerrordesc_np(reason)},
                      exit);
}

}  // namespace

void add_app_commands(CLI::App& app, const std::vector<std::string>& program, Action& chosen) {
  CLI::App* running =
      add_command(app, kAppGroup, "exec", "Run a command in an app: its network, DNS, environment",
                  "The command replaces egressctl: terminal, signals and exit status are its own.\n"
                  "Examples:\n"
                  "  egressctl exec web -- curl -s http://www.example.com/\n"
                  "  egressctl exec web/1 -- bash\n"
                  "Exit status: the command's; 125 egressctl failed, 126 the command cannot be "
                  "run, 127 it was\n"
                  "not found.");
  const auto target = std::make_shared<std::string>();
  add_target(*running, *target);
  when_chosen(*running, chosen, [target, &program](const Context& context) {
    return exec(context, *target, program);
  });

  CLI::App* listing = add_command(app, kAppGroup, "env", "Print an app's environment",
                                  "One NAME=value a line.\n"
                                  "Example: egressctl env web | grep WEBSITE_PRIVATE_IP\n"
                                  "Exit status: 0, 3 trouble.");
  const auto listed = std::make_shared<std::string>();
  add_target(*listing, *listed);
  when_chosen(*listing, chosen, [listed](const Context& context) { return env(context, *listed); });
}

}  // namespace egress::ctl

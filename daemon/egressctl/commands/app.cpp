// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/exec_process.hpp"
#include "inspect/startup.hpp"

namespace egress::ctl {

namespace {

// Also of an app that does not run, if forced.
Answer context_of(const Client& client, const lab::Sender& sender, bool force) {
  const std::string path =
      fmt::format("/v1/apps/{}/{}/context", escaped(sender.site), sender.instance);
  const control::Parameters parameters{{"traffic", lab::name_of(sender.traffic)},
                                       {"force", force ? "true" : "false"}};
  Answer answer = with_sites(client.get(with_query(path, parameters)), client, sender.site);
  Failure* failure = std::get_if<Failure>(&answer);
  const bool runs_not = failure != nullptr && (failure->code == inspect::kNotRunning ||
                                               failure->code == inspect::kStarting);
  if (runs_not) {
    failure->hint = fmt::format("see why: egressctl startup {}; --force asks for it all the same",
                                sender.to_string());
  }
  return answer;
}

Answer context_of(const Client& client, const std::string& host) {
  return with_hosts(client.get(fmt::format("/v1/hosts/{}/context", escaped(host))), client, host);
}

inspect::ExecContext exec_context_of(const Json& document) {
  inspect::ExecContext found{.netns = text_of(document, "netns"),
                             .resolv_conf = text_of(document, "resolvConf"),
                             .hosts = text_of(document, "hosts"),
                             .authority = text_of(document, "authority")};
  const Json& environment = member(document, "environment");
  for (const Json& path : member(document, "hidden")) {
    if (path.is_string()) found.hidden.push_back(path.get<std::string>());
  }
  if (!environment.is_object()) return found;
  for (const auto& [name, value] : environment.items()) {
    found.environment.emplace(name, text_of(environment, name.c_str()));
  }
  return found;
}

// Of a program: the one or the other says where it is to run.
struct AppOptions {
  std::string app{};
  std::string traffic = "application";
  std::string host{};
  bool force = false;
  bool privileged = false;
  bool null = false;  // of env: what separates lines
};

int env(const Context& context, const AppOptions& options) {
  const auto app = lab::Sender::parse(options.app);
  if (!app.ok()) return context.console.fail(failure_of(app.error()), kUsage);
  const Answer answer = context_of(context.client, *app, options.force);
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, exit_of(*failure, Purpose::kQuestion));
  }
  const Json& document = std::get<Json>(answer);
  std::string lines;
  for (const auto& [name, value] : exec_context_of(document).environment) {
    lines += fmt::format("{}={}{}", name, value, options.null ? '\0' : '\n');
  }
  context.console.print(member(document, "environment"), lines);
  return kDone;
}

// The context, or why there is no use in asking for it.
Answer context_of(const Context& context, const AppOptions& options,
                  const std::vector<std::string>& program) {
  const bool on_host = !options.host.empty();
  const std::string where = on_host ? "--host " + options.host : options.app;
  if (where.empty() || program.empty()) {
    return Failure{
        .code = "usage",
        .message = where.empty() ? "no app and no host to run it in" : "no command to run",
        .hint = fmt::format("egressctl exec {} -- COMMAND...", where.empty() ? "SITE" : where)};
  }
  if (on_host) return context_of(context.client, options.host);
  const auto sender = parse_sender(options.app, options.traffic);
  if (!sender.ok()) return failure_of(sender.error());
  Answer asked = ask_for_traffic(context, *sender);
  if (std::holds_alternative<Failure>(asked)) return asked;
  return context_of(context.client, *sender, options.force);
}

int exec(const Context& context, const AppOptions& options,
         const std::vector<std::string>& program) {
  const Console& console = context.console;
  const Answer answer = context_of(context, options, program);
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return console.fail(*failure, kExecTrouble);
  }
  const Rights rights = options.privileged ? Rights::kCallers : Rights::kContainers;
  const inspect::ExecContext found = exec_context_of(std::get<Json>(answer));
  if (const Status entered = enter(found, rights); !entered.ok()) {
    const bool denied = entered.error().code == Errc::kDenied;
    return console.fail(failure_of(entered.error(), denied ? "run as root" : ""), kExecTrouble);
  }
  const int exit = become(program);
  const int reason = errno;
  return console.fail({.code = exit == kNoCommand ? "command-not-found" : "not-executable",
                       .message = program.front() + ": " + strerrordesc_np(reason)},
                      exit);
}

void add_authority(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kAppGroup, "authority", "Print the certificate by which apps trust the lab's hosts",
      "What 'egressctl exec' runs finds it among the machine's certificates; others are told.\n"
      "Examples:\n"
      "  egressctl authority > lab.pem\n"
      "  ip netns exec eg-app-web-0 curl --cacert lab.pem https://10.1.2.4/\n"
      "It is gone, and another one comes with the next lab, after 'egressctl down'.\n"
      "Exit status: 0, 3 trouble.");
  when_chosen(*command, chosen, [](const Context& context) {
    return show(context.console, context.client.get("/v1/authority"),
                [](const Json& answer, const Screen&) { return text_of(answer, "certificate"); });
  });
}

void add_force(CLI::App& command, bool& force) {
  command.add_flag("--force", force, "Also in an app that does not run");
}

}  // namespace

void add_app_commands(CLI::App& app, const std::vector<std::string>& program, Action& chosen) {
  CLI::App* running = add_command(
      app, kAppGroup, "exec", "Run a command in an app: its network, DNS, environment",
      "The command replaces egressctl: terminal, signals and exit status are its own.\n"
      "Examples:\n"
      "  egressctl exec web -- curl -s http://www.example.com/\n"
      "  egressctl exec web/1 -- bash\n"
      "  egressctl exec web --traffic image-pull -- nslookup shop.azurecr.io\n"
      "  egressctl exec --host sql -- ss -lnt\n"
      "The command has the rights that programs have in a container: neither network nor "
      "mounts are\n"
      "its to change, and the daemon's files are not there, unless it is --privileged.\n"
      "In an app whose start has failed nothing runs, unless forced.\n"
      "Exit status: the command's; 125 egressctl failed, 126 the command cannot be "
      "run, 127 it was\n"
      "not found.");
  const auto options = std::make_shared<AppOptions>();
  CLI::Option* target = add_target(*running, options->app)->required(false);
  CLI::Option* traffic = add_traffic(*running, options->traffic);
  running->add_option("--host", options->host, "On this machine of the lab, not in an app")
      ->type_name("NAME")
      ->excludes(target)
      ->excludes(traffic);
  add_force(*running, options->force);
  running->add_flag("--privileged", options->privileged,
                    "With all rights of the caller, not a container's alone");
  when_chosen(*running, chosen, [options, &program](const Context& context) {
    return exec(context, *options, program);
  });

  CLI::App* listing = add_command(app, kAppGroup, "env", "Print an app's environment",
                                  "One NAME=value a line.\n"
                                  "Example: egressctl env web | grep WEBSITE_PRIVATE_IP\n"
                                  "Exit status: 0, 3 trouble.");
  const auto listed = std::make_shared<AppOptions>();
  add_target(*listing, listed->app);
  listing->add_flag("-0,--null", listed->null,
                    "End each with a NUL byte, for values of many lines");
  add_force(*listing, listed->force);
  when_chosen(*listing, chosen, [listed](const Context& context) { return env(context, *listed); });
  add_authority(app, chosen);
}

}  // namespace egress::ctl

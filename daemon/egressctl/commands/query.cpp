// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/interrupts.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

int status(const Context& context) {
  const Answer answer = context.client.get("/v1/status");
  const int shown = show(context.console, answer, render_status);
  return shown == kDone && !flag_of(std::get<Json>(answer), "inSync") ? kNo : shown;
}

constexpr std::chrono::milliseconds kBetweenLooks{1000};
constexpr std::chrono::milliseconds kMoment{100};
constexpr const char* kFromTheTop = "\033[H\033[J";

// Until Ctrl-C. What is no terminal gets one document a line, or one text behind the other.
int watch_status(const Context& context) {
  const Interrupts interrupts;
  const Console& console = context.console;
  int last = kDone;
  while (!Interrupts::came()) {
    const Answer answer = context.client.get("/v1/status");
    if (const Failure* failure = std::get_if<Failure>(&answer)) {
      return console.fail(*failure, exit_of(*failure, Purpose::kQuestion));
    }
    const Json& seen = std::get<Json>(answer);
    last = flag_of(seen, "inSync") ? kDone : kNo;
    if (console.prints_documents()) {
      console.print_next(seen);
    } else {
      if (console.out().interactive) console.print(std::string(kFromTheTop));
      console.print(seen, render_status(seen, console.out()));
    }
    if (std::fflush(stdout) != 0) return kTrouble;
    for (auto slept = kBetweenLooks; slept.count() > 0 && !Interrupts::came(); slept -= kMoment) {
      std::this_thread::sleep_for(kMoment);
    }
  }
  return last;
}

int ask_to_hold(const Context& context, const control::HoldRequest& request,
                const std::string& done) {
  const Answer answer = context.client.post("/v1/hold", control::to_json(request));
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, exit_of(*failure, Purpose::kChange));
  }
  context.console.print(std::get<Json>(answer), done);
  return kDone;
}

int hold(const Context& context, const std::string& duration) {
  const auto parsed = parse_duration(duration);
  if (!parsed.ok()) return context.console.fail(failure_of(parsed.error()), kUsage);
  return ask_to_hold(context, {*parsed},
                     fmt::format("repairs are held for {}\n", duration_text(*parsed)));
}

int release(const Context& context) {
  return ask_to_hold(context, {}, "repairs go on\n");
}

int leases(const Context& context, const std::string& subnet) {
  const Answer answer = context.client.get("/v1/leases?subnet=" + escaped(subnet));
  return show(context.console, with_subnets(answer, context.client, subnet), render_leases);
}

int effective(const Context& context, const std::string& path, const std::string& whose,
              Render render) {
  const auto sender = lab::Sender::parse_with_hosts(whose);
  Answer answer = context.client.get(path + "?site=" + escaped(whose));
  if (sender.ok()) answer = with_senders(std::move(answer), context.client, *sender);
  return show(context.console, answer, render);
}

int graph(const Context& context) {
  const Console& console = context.console;
  const Answer answer = context.client.get("/v1/graph");
  const Json* graph = std::get_if<Json>(&answer);
  if (graph == nullptr || context.picture.empty()) return show(console, answer, render_graph);
  console.print(context.picture == "dot" ? render_dot(*graph) : render_mermaid(*graph));
  return kDone;
}

void add_effective(CLI::App& app, Action& chosen, const char* name, const char* purpose,
                   const char* details, Render render) {
  CLI::App* command = add_command(app, kFlowGroup, name, purpose, details);
  const auto whose = std::make_shared<std::string>();
  command
      ->add_option("SITE|host/NAME|VNET/SUBNET", *whose,
                   "App with a virtual network integration, host in a network, or a subnet")
      ->required();
  const std::string path = std::string("/v1/") + name;
  when_chosen(*command, chosen, [whose, path, render](const Context& context) {
    return effective(context, path, *whose, render);
  });
}

void add_graph(CLI::App& app, Action& chosen) {
  CLI::App* command =
      add_command(app, kLabGroup, "graph", "Show the topology, for people or pictures",
                  "Example: egressctl graph -o dot | dot -Tsvg > lab.svg\n"
                  "Exit status: 0, 3 trouble.");
  when_chosen(*command, chosen, graph);
}

}  // namespace

void add_query_commands(CLI::App& app, Action& chosen) {
  CLI::App* telling =
      add_command(app, kLabGroup, "status", "Show apps, workers, interfaces, addresses, drift",
                  "Example: egressctl status -o json | jq .inSync\n"
                  "Exit status: 0 the kernel is as the lab wants it, 1 it is not, 3 trouble.");
  const auto watched = std::make_shared<bool>(false);
  telling->add_flag("--watch", *watched, "Again every second, until Ctrl-C");
  when_chosen(*telling, chosen, [watched](const Context& context) {
    return *watched ? watch_status(context) : status(context);
  });

  CLI::App* holding = add_command(
      app, kLabGroup, "hold", "Let changes by others stay, such as a trace of nft's",
      "What differs from the lab is not undone meanwhile, and status says so. An operation that\n"
      "somebody asks for makes all that the lab has anew, as ever; a daemon that starts repairs.\n"
      "Examples:\n"
      "  egressctl hold --for 30m\n"
      "  ip netns exec eg-vnet-spoke nft monitor trace\n"
      "  egressctl release\n"
      "Exit status: 0 done, 3 trouble.");
  const auto duration = std::make_shared<std::string>(duration_text(control::kHoldUnlessTold));
  holding->add_option("--for", *duration, "How long, in s, m, h, d")
      ->type_name("DURATION")
      ->capture_default_str();
  when_chosen(*holding, chosen,
              [duration](const Context& context) { return hold(context, *duration); });
  CLI::App* releasing = add_command(app, kLabGroup, "release", "Undo changes by others again",
                                    "The end of hold.\n"
                                    "Example: egressctl release\n"
                                    "Exit status: 0 done, 3 trouble.");
  when_chosen(*releasing, chosen, release);

  CLI::App* listing =
      add_command(app, kLabGroup, "leases", "Show who holds which address of a subnet",
                  "Example: egressctl leases spoke/integration\n"
                  "Exit status: 0, 3 trouble.");
  const auto subnet = std::make_shared<std::string>();
  listing->add_option("VNET/SUBNET", *subnet, "Delegated subnet")->required();
  when_chosen(*listing, chosen,
              [subnet](const Context& context) { return leases(context, *subnet); });

  add_graph(app, chosen);
  add_effective(app, chosen, "effective-routes",
                "Show the routes in force at an app's integration, a host or in a subnet",
                "Columns as Network Watcher prints them for a network interface.\n"
                "Example: egressctl effective-routes web\n"
                "Exit status: 0, 3 trouble (such as: the app is not integrated).",
                render_routes);
  add_effective(
      app, chosen, "effective-rules",
      "Show the security rules in force at an app's integration, a host or in a subnet, with hits",
      "Outbound rules first, each direction in evaluation order; default rules included.\n"
      "Example: egressctl effective-rules web\n"
      "Exit status: 0, 3 trouble (such as: the app is not integrated).",
      render_rules);
}

}  // namespace egress::ctl

// SPDX-License-Identifier: MIT
#include <memory>

#include "egressctl/commands/commands.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

using Render = std::string (*)(const Json&, const Screen&);

void show(const Console& console, const Json& document, Render render) {
  if (console.json()) {
    console.print(document);
  } else {
    console.print(render(document, console.out()));
  }
}

int status(const Context& context) {
  const Answer answer = context.client.get("/v1/status");
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, kTrouble);
  }
  const Json& document = std::get<Json>(answer);
  show(context.console, document, render_status);
  return flag_of(document, "inSync") ? kDone : kNo;
}

int leases(const Context& context, const std::string& subnet) {
  const Answer answer = context.client.get("/v1/leases?subnet=" + escaped(subnet));
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, kTrouble);
  }
  show(context.console, std::get<Json>(answer), render_leases);
  return kDone;
}

int effective(const Context& context, const std::string& path, const std::string& site,
              Render render) {
  const Answer answer = context.client.get(path + "?site=" + escaped(site));
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(with_names(*failure, context.client, site), kTrouble);
  }
  show(context.console, std::get<Json>(answer), render);
  return kDone;
}

int graph(const Context& context, const std::string& form) {
  const Answer answer = context.client.get("/v1/graph");
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, kTrouble);
  }
  const Json& document = std::get<Json>(answer);
  const Console& console = context.console;
  if (form == "dot") {
    console.print(render_dot(document));
  } else if (form == "mermaid") {
    console.print(render_mermaid(document));
  } else if (form == "json" || (form.empty() && console.json())) {
    console.print(document);
  } else {
    console.print(render_graph(document, console.out()));
  }
  return kDone;
}

void add_effective(CLI::App& app, Action& chosen, const char* name, const char* purpose,
                   const char* details, Render render) {
  CLI::App* command = add_command(app, kFlowGroup, name, purpose, details);
  const auto site = std::make_shared<std::string>();
  command->add_option("SITE", *site, "App with a virtual network integration")->required();
  const std::string path = std::string("/v1/") + name;
  command->callback([site, path, render, &chosen] {
    chosen = [site, path, render](const Context& context) {
      return effective(context, path, *site, render);
    };
  });
}

void add_graph(CLI::App& app, Action& chosen) {
  CLI::App* command =
      add_command(app, kLabGroup, "graph", "Show the topology, for people or pictures",
                  "Example: egressctl graph -o dot | dot -Tsvg > lab.svg\n"
                  "Exit status: 0, 3 trouble.");
  const auto form = std::make_shared<std::string>();
  command->add_option("-o,--output", *form, "table, json, dot or mermaid")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "json", "dot", "mermaid"}).description(""));
  command->callback([form, &chosen] {
    chosen = [form](const Context& context) { return graph(context, *form); };
  });
}

}  // namespace

void add_query_commands(CLI::App& app, Action& chosen) {
  CLI::App* telling =
      add_command(app, kLabGroup, "status", "Show apps, workers, interfaces, addresses, drift",
                  "Example: egressctl status -o json | jq .inSync\n"
                  "Exit status: 0 the kernel is as the lab wants it, 1 it is not, 3 trouble.");
  telling->callback([&chosen] { chosen = status; });

  CLI::App* listing =
      add_command(app, kLabGroup, "leases", "Show who holds which address of a subnet",
                  "Example: egressctl leases spoke/integration\n"
                  "Exit status: 0, 3 trouble.");
  const auto subnet = std::make_shared<std::string>();
  listing->add_option("VNET/SUBNET", *subnet, "Delegated subnet")->required();
  listing->callback([subnet, &chosen] {
    chosen = [subnet](const Context& context) { return leases(context, *subnet); };
  });

  add_graph(app, chosen);
  add_effective(app, chosen, "effective-routes", "Show the routes in force at an app's integration",
                "Columns as Network Watcher prints them for a network interface.\n"
                "Example: egressctl effective-routes web\n"
                "Exit status: 0, 3 trouble (such as: the app is not integrated).",
                render_routes);
  add_effective(
      app, chosen, "effective-rules",
      "Show the security rules in force at an app's integration, with their hits",
      "Outbound rules first, each direction in evaluation order; default rules included.\n"
      "Example: egressctl effective-rules web\n"
      "Exit status: 0, 3 trouble (such as: the app is not integrated).",
      render_rules);
}

}  // namespace egress::ctl

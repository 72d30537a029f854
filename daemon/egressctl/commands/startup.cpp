// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <memory>

#include "egressctl/commands/commands.hpp"
#include "egressctl/lab_source.hpp"
#include "egressctl/offline.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

struct StartupOptions {
  std::string target{};
  std::string lab{};  // a file
};

int show_startup(const Console& console, const Json& document, const char* good) {
  console.print(document, render_startup(document, console.out()));
  return text_of(document, "state") == good ? kDone : kNo;
}

// The last start of the app, or the one that the lab file leads to.
int startup(const Context& context, const StartupOptions& options) {
  const Console& console = context.console;
  const auto app = lab::Sender::parse(options.target);
  if (!app.ok()) return console.fail(failure_of(app.error()), kUsage);
  Answer answer;
  Source text;
  if (options.lab.empty()) {
    const std::string path =
        fmt::format("/v1/apps/{}/{}/startup", escaped(app->site), app->instance);
    answer = with_sites(context.client.get(path), context.client, app->site);
  } else {
    const auto source = LabSource::read(options.lab);
    if (!source.ok()) return refuse(console, source.error(), Purpose::kQuestion);
    answer = startup_offline(*source, *app);
    text = source->source();
  }
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return console.fail(*failure, exit_of(*failure, Purpose::kQuestion), text);
  }
  return show_startup(console, std::get<Json>(answer), "running");
}

int back_up(const Context& context, const std::string& site) {
  const Console& console = context.console;
  const Answer answer = with_sites(
      run_with_progress(context, fmt::format("/v1/sites/{}/backup", escaped(site)), Json::object()),
      context.client, site);
  if (const Failure* failure = std::get_if<Failure>(&answer))
    return console.fail(*failure, exit_of(*failure, Purpose::kChange));
  const Json& result = std::get<Json>(answer);
  const Json& report = member(result, "report");
  if (report.is_object()) return show_startup(console, report, "done");
  if (!console.is_for_machines()) console.note(render_leftovers(result));
  return console.fail({.code = "partly",
                       .message = "the backup was not made",
                       .hint = "ask again: egressctl backup " + site},
                      kNo);
}

}  // namespace

void add_startup_commands(CLI::App& app, Action& chosen) {
  CLI::App* command =
      add_command(app, kAppGroup, "startup", "Show what the platform did when an app started",
                  "Token, Key Vault references, image and content share, in Azure's order: what "
                  "each calls, by\n"
                  "which way, and who decides.\n"
                  "Examples:\n"
                  "  egressctl startup web\n"
                  "  egressctl startup web --lab lab.yaml\n"
                  "Exit status: 0 the app runs, 1 it does not, 2 usage, 3 trouble.");
  const auto options = std::make_shared<StartupOptions>();
  add_target(*command, options->target);
  command->add_option("--lab", options->lab, "Decide for this lab file, without a daemon")
      ->type_name("FILE");
  when_chosen(*command, chosen,
              [options](const Context& context) { return startup(context, *options); });

  CLI::App* backing_up = add_command(
      app, kAppGroup, "backup", "Back an app up, as far as the network goes",
      "The platform calls the storage account of the app's backup, by the app's route.\n"
      "Example: egressctl backup web\n"
      "Exit status: 0 done, 1 failed or refused.");
  const auto site = std::make_shared<std::string>();
  backing_up->add_option("SITE", *site, "App that declares a backup")->required();
  when_chosen(*backing_up, chosen,
              [site](const Context& context) { return back_up(context, *site); });
}

}  // namespace egress::ctl

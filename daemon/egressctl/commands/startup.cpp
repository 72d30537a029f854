// SPDX-License-Identifier: MIT
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

int startup(const Context& context, const StartupOptions& options) {
  const Console& console = context.console;
  const auto app = lab::Sender::parse(options.target);
  if (!app.ok()) return console.fail(failure_of(app.error()), kUsage);
  const auto source = LabSource::read(options.lab);
  if (!source.ok()) return console.fail(failure_of(source.error()), kTrouble);
  const Answer answer = startup_offline(*source, *app);
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return console.fail(*failure, kTrouble, source->source());
  }
  const Json& document = std::get<Json>(answer);
  console.print(document, render_startup(document, console.out()));
  return text_of(document, "state") == "running" ? kDone : kNo;
}

}  // namespace

void add_startup_command(CLI::App& app, Action& chosen) {
  CLI::App* command =
      add_command(app, kAppGroup, "startup", "Show what the platform does when an app starts",
                  "Token, Key Vault references, image and content share, in Azure's order: what "
                  "each calls, by\n"
                  "which way, and who decides.\n"
                  "Example: egressctl startup web --lab lab.yaml\n"
                  "Exit status: 0 the app runs, 1 it does not, 2 usage, 3 trouble.");
  const auto options = std::make_shared<StartupOptions>();
  add_target(*command, options->target);
  command->add_option("--lab", options->lab, "Decide for this lab file, without a daemon")
      ->type_name("FILE")
      ->required();
  when_chosen(*command, chosen,
              [options](const Context& context) { return startup(context, *options); });
}

}  // namespace egress::ctl

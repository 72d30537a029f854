// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/interrupts.hpp"
#include "egressctl/lab_source.hpp"
#include "egressctl/progress.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

constexpr std::chrono::milliseconds kNextTry{200};

bool is_busy(const Answer& answer) {
  const Failure* failure = std::get_if<Failure>(&answer);
  return failure != nullptr && failure->code == errc_name(Errc::kBusy) &&
         failure->reach == Reach::kDaemon;
}

int apply_lab(const Context& context, const std::string& file) {
  const auto source = LabSource::read(file);
  if (!source.ok()) return refuse(context.console, source.error(), Purpose::kChange);
  const Answer answer =
      run_with_progress(context, "/v1/apply", control::to_json(source->with_files()));
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, exit_of(*failure, Purpose::kChange), source->source());
  }
  return report(context.console, std::get<Json>(answer),
                {"applied", "partly applied", source->source().file});
}

int restart(const Context& context, const std::string& site) {
  const Answer answer =
      with_sites(run_with_progress(context, fmt::format("/v1/sites/{}/restart", escaped(site)),
                                   Json::object()),
                 context.client, site);
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, exit_of(*failure, Purpose::kChange));
  }
  return report(context.console, std::get<Json>(answer), {"restarted", "partly restarted", site});
}

int down(const Context& context) {
  const Answer answer = run_with_progress(context, "/v1/down", Json::object());
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, exit_of(*failure, Purpose::kChange));
  }
  return report(context.console, std::get<Json>(answer),
                {"removed", "partly removed", "the lab", "something of the lab is left"});
}

}  // namespace

int report(const Console& console, const Json& result, const Wording& wording) {
  const std::string leftovers = render_leftovers(result, console.verbose());
  if (!console.is_for_machines()) {
    console.note(render_warnings(result, console.err()) +
                 render_not_running(result, console.err()) + leftovers);
  }
  console.print(result, render_result(leftovers.empty() ? wording.done : wording.partly,
                                      wording.what, result) +
                            render_effects(result));
  if (leftovers.empty()) return kDone;
  return console.fail({.code = "partly",
                       .message = wording.left,
                       .hint = "the daemon keeps trying: egressctl status"},
                      kPartly);
}

Answer run_with_progress(const Context& context, const std::string& path, const Json& body) {
  const Interrupts interrupts;
  const auto run = [&] {
    ProgressBar bar(context.progress);
    return context.client.run(
        path, body, [&](const Json& progress) { bar.show(progress); }, Interrupts::came);
  };
  Answer answer = run();
  bool told = false;
  while (context.wait && is_busy(answer) && !Interrupts::came() && !context.client.is_late()) {
    if (!std::exchange(told, true) && !context.console.is_for_machines()) {
      context.console.note(
          fmt::format("egressctl: waits: {}\n", printable(std::get<Failure>(answer).message)));
    }
    std::this_thread::sleep_for(kNextTry);
    answer = run();
  }
  return answer;
}

Answer ask_for_traffic(const Context& context, const lab::Sender& sender) {
  if (sender.traffic == lab::TrafficClass::kApplication) return Json::object();
  const std::string path = fmt::format("/v1/sites/{}/traffic", escaped(sender.site));
  return with_sites(
      run_with_progress(context, path, control::to_json(control::TrafficRequest{sender.traffic})),
      context.client, sender.site);
}

void add_operation_commands(CLI::App& app, Action& chosen) {
  CLI::App* applying =
      add_command(app, kLabGroup, "apply", "Make a lab file so; return when the kernel agrees",
                  "Returns when apps have started, too, and warns of those that do not run.\n"
                  "Example: egressctl apply lab.yaml\n"
                  "Exit status: 0 done, 1 refused (nothing changed), 3 partly applied: what is\n"
                  "missing stands on standard error, and the daemon keeps trying.");
  const auto file = std::make_shared<std::string>();
  applying->add_option("FILE", *file, "Lab file, or - for standard input")->required();
  when_chosen(*applying, chosen,
              [file](const Context& context) { return apply_lab(context, *file); });

  CLI::App* restarting = add_command(
      app, kAppGroup, "restart", "Give all instances of an app new interfaces",
      "As on a restart in App Service, the name of the app's second interface changes.\n"
      "Example: egressctl restart web\n"
      "Exit status: 0 done, 1 refused, 3 partly done.");
  const auto site = std::make_shared<std::string>();
  restarting->add_option("SITE", *site, "App")->required();
  when_chosen(*restarting, chosen,
              [site](const Context& context) { return restart(context, *site); });

  CLI::App* removing =
      add_command(app, kLabGroup, "down", "Remove the lab and its state without a trace",
                  "Asks nothing. The daemon stays and waits for the next lab.\n"
                  "Example: egressctl down\n"
                  "Exit status: 0 done, 1 refused, 3 something is left.");
  when_chosen(*removing, chosen, down);
}

}  // namespace egress::ctl

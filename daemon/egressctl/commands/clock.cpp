// SPDX-License-Identifier: MIT
#include <memory>

#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

int advance(const Context& context, const std::string& duration) {
  const Console& console = context.console;
  const auto by = parse_duration(duration);
  if (!by.ok()) return console.fail(failure_of(by.error()), kUsage);
  const Answer answer =
      with_lab(context.client.post("/v1/clock", control::to_json(control::AdvanceRequest{*by})),
               context.client);
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return console.fail(*failure, exit_of(*failure, Purpose::kChange));
  }
  const Json& advanced = std::get<Json>(answer);
  const std::string leftovers = render_leftovers(advanced, console.verbose());
  if (!console.is_for_machines()) console.note(leftovers);
  console.print(advanced, render_clock(advanced, console.out()));
  if (leftovers.empty()) return kDone;
  return console.fail({.code = "partly",
                       .message = "the clock is moved on, but not for all that is idle",
                       .hint = "see what is wrong there: egressctl status"},
                      kPartly);
}

}  // namespace

void add_clock_command(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kLabGroup, "clock", "Show the lab's clock, or move it on",
      "Translations and flow records end that have been idle for as long as the clock is moved.\n"
      "Examples:\n"
      "  egressctl clock\n"
      "  egressctl clock advance 4m\n"
      "Exit status: 0 done, 1 refused, 3 trouble, or not for all that is idle.");
  CLI::App* moving = add_command(*command, "Actions", "advance", "Move the lab's clock on",
                                 "Example: egressctl clock advance 1h30m");
  const auto duration = std::make_shared<std::string>();
  moving->add_option("DURATION", *duration, "How far, in s, m, h, d")->required();
  // CLI11 calls back for the command behind its action.
  when_chosen(*command, chosen, [moving, duration](const Context& context) {
    if (moving->parsed()) return advance(context, *duration);
    return show(context.console, context.client.get("/v1/clock"), render_clock);
  });
}

}  // namespace egress::ctl

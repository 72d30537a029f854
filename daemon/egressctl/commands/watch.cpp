// SPDX-License-Identifier: MIT
#include "egressctl/render/watch.hpp"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include "control/json.hpp"
#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/interrupts.hpp"
#include "lab/lab.hpp"

namespace egress::ctl {

namespace {

struct WatchOptions {
  std::string target{};  // "SITE[/INSTANCE]", or empty
  bool packets = false;
  bool denied = false;
  std::string duration{};
};

// Nobody reads what is printed any more.
bool has_no_reader() {
  pollfd output{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return std::ferror(stdout) != 0 ||
         (::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0);
}

// Without a reader the end is in order, and what is left unprinted is no failure.
void end_output() {
  if (!has_no_reader()) return;
  if (std::freopen("/dev/null", "w", stdout) == nullptr) std::clearerr(stdout);
}

Result<control::WatchRequest> request_of(const WatchOptions& options) {
  control::Parameters parameters = control::to_parameters(
      control::WatchRequest{.packets = options.packets, .denied = options.denied});
  if (!options.target.empty()) parameters["site"] = options.target;
  return control::parse_watch_request(parameters);
}

int watch(const Context& context, const WatchOptions& options) {
  const Console& console = context.console;
  const auto request = request_of(options);
  if (!request.ok()) return console.fail(failure_of(request.error()), kUsage);
  std::chrono::seconds duration{0};
  if (!options.duration.empty()) {
    const auto parsed = parse_duration(options.duration);
    if (!parsed.ok()) return console.fail(failure_of(parsed.error()), kUsage);
    duration = *parsed;
  }
  const Interrupts interrupts;
  std::signal(SIGPIPE, SIG_IGN);
  WatchText text(console.out());
  const auto print = [&](const Json& record) {
    if (console.prints_documents()) {
      console.print_next(record);
    } else {
      console.print(text.line(record));
    }
    std::fflush(stdout);
  };
  const Answer answer = with_sites(
      context.client.follow(with_query("/v1/watch", control::to_parameters(*request)), duration,
                            print, [] { return Interrupts::came() || has_no_reader(); }),
      context.client, request->site);
  end_output();
  const Failure* failure = std::get_if<Failure>(&answer);
  if (failure == nullptr) return kDone;
  return console.fail(*failure, exit_of(*failure, Purpose::kQuestion));
}

}  // namespace

void add_watch_command(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kFlowGroup, "watch", "Show flows as apps begin them, and what rules drop",
      "One line for each flow that an app begins, with the decision about it, and for each packet\n"
      "that is dropped by a rule which its flow's line does not name. Until Ctrl-C, or --for.\n"
      "With -o json one document a line.\n"
      "Examples:\n"
      "  egressctl watch\n"
      "  egressctl watch web --denied\n"
      "  egressctl watch web/0 --packets --for 1m -o json\n"
      "Exit status: 0 it has ended as it was told, 2 usage, 3 trouble (such as: no such app).");
  const auto options = std::make_shared<WatchOptions>();
  command
      ->add_option("SITE[/INSTANCE]", options->target,
                   "App, and which instance of it (default all)")
      ->check(CLI::Validator(
          [](std::string& text) {
            const auto parsed = lab::Sender::parse(text);
            return parsed.ok() ? std::string() : parsed.error().message;
          },
          ""));
  command->add_flag("--packets", options->packets,
                    "Each packet on the app's wires, too; needs interface: tun");
  command->add_flag("--denied", options->denied, "Only what does not get through");
  command->add_option("--for", options->duration, "How long, in s, m, h, d")->type_name("DURATION");
  when_chosen(*command, chosen,
              [options](const Context& context) { return watch(context, *options); });
}

}  // namespace egress::ctl

// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <fstream>
#include <limits>
#include <memory>

#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/lab_source.hpp"
#include "egressctl/offline.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

struct ExplainOptions {
  std::string target{};
  std::string url{};
  std::string traffic = "application";
  std::optional<uint16_t> source_port{};
  bool verify = false;
  std::string lab{};  // a file: no daemon
};

Answer ask(const Context& context, const control::ExplainRequest& request) {
  if (request.verify) {
    Answer asked = ask_for_traffic(context, request.app);
    if (std::holds_alternative<Failure>(asked)) return asked;
  }
  return with_senders(context.client.post("/v1/explain", control::to_json(request)), context.client,
                      request.app);
}

int explain(const Context& context, const ExplainOptions& options) {
  const Console& console = context.console;
  const auto app = parse_sender(options.target, options.traffic);
  if (!app.ok()) return console.fail(failure_of(app.error()), kUsage);
  const control::ExplainRequest request{.app = *app,
                                        .url = options.url,
                                        .source_port = options.source_port,
                                        .verify = options.verify};
  Answer answer;
  Source text;
  if (options.lab.empty()) {
    answer = ask(context, request);
  } else {
    const auto source = LabSource::read(options.lab);
    if (!source.ok()) return refuse(console, source.error(), Purpose::kQuestion);
    text = source->source();
    answer = explain_offline(*source, request);
  }
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    const bool usage = failure->code == errc_name(Errc::kInvalid) && failure->findings.empty();
    return console.fail(*failure, usage ? kUsage : exit_of(*failure, Purpose::kQuestion), text);
  }
  const Json& explanation = std::get<Json>(answer);
  console.print(explanation,
                render_explanation(explanation, app->to_string(), options.url, console.out()));
  return exit_of_explanation(explanation);
}

struct TestOptions {
  std::string file{};
  std::string junit{};
  bool offline = false;
};

Status write_report(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (file.fail()) return Error::from_errno("write " + path);
  return {};
}

Failure with_offline_hint(Failure failure) {
  if (failure.hint.empty()) failure.hint = "without packets and daemon: egressctl test --lab FILE";
  return failure;
}

int test(const Context& context, const TestOptions& options) {
  const Console& console = context.console;
  const auto source = LabSource::read(options.file);
  if (!source.ok()) return refuse(console, source.error(), Purpose::kQuestion);
  const Answer answer =
      options.offline ? test_offline(*source)
                      : context.client.post("/v1/test", control::to_json(source->with_files()));
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    const bool lab_is_fine = !options.offline && failure->findings.empty();
    return console.fail(lab_is_fine ? with_offline_hint(*failure) : *failure,
                        exit_of(*failure, Purpose::kQuestion), source->source());
  }
  const Json& results = std::get<Json>(answer);
  const std::string& name = source->source().file;
  console.print(results, render_tap(results, name));
  if (!options.junit.empty()) {
    const Status written = write_report(options.junit, render_junit(results, name));
    if (!written.ok()) return refuse(console, written.error(), Purpose::kQuestion);
  }
  if (!console.is_for_machines()) console.note(render_warnings(results, console.err()));
  const TestCounts counts = count_results(results);
  if (counts.total == 0) {
    return console.fail({.code = "nothing-to-test", .message = name + " has no expectations"},
                        kNothingToTest);
  }
  return counts.failed == 0 ? kDone : kNo;
}

void add_explain(CLI::App& app, Action& chosen) {
  CLI::App* command =
      add_command(app, kFlowGroup, "explain", "Show the decision for one flow, stage by stage",
                  "URL is tcp://HOST:PORT, udp://HOST:PORT or icmp://HOST; HOST is an address, or "
                  "a name, which\n"
                  "is resolved as the app would.\n"
                  "Examples:\n"
                  "  egressctl explain web tcp://10.1.2.4:1433\n"
                  "  egressctl explain web/1 udp://www.example.com:9999 --verify\n"
                  "  egressctl explain web icmp://10.1.2.4 --lab lab.yaml\n"
                  "  egressctl explain web tcp://shop.azurecr.io:443 --traffic image-pull\n"
                  "Exit status: 0 allowed, 1 denied, dropped, no route, no address, no answer "
                  "(TCP) or refused by\n"
                  "the service's own firewall, 2 usage, 3 trouble, 4 the kernel or the app's "
                  "resolver disagrees.");
  const auto options = std::make_shared<ExplainOptions>();
  add_sender(*command, options->target);
  command->add_option("URL", options->url, "Where the flow goes")->required();
  add_traffic(*command, options->traffic);
  command
      ->add_option_function<uint16_t>(
          "--source-port", [options](uint16_t port) { options->source_port = port; },
          "The app's port (default 50000; with --verify a fresh one for the packet)")
      ->type_name("N")
      ->check(CLI::Range(1, int{std::numeric_limits<uint16_t>::max()}).description(""));
  CLI::Option* verify = command->add_flag("--verify", options->verify,
                                          "Send the packet too, and compare what the kernel does");
  command
      ->add_option(
          "--lab", options->lab,
          "Decide for this lab file, without a daemon; the source is then the address that "
          "the next lease would be")
      ->type_name("FILE")
      ->excludes(verify);
  when_chosen(*command, chosen,
              [options](const Context& context) { return explain(context, *options); });
}

void add_test(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kFlowGroup, "test", "Check a lab file's expectations, by analysis and with packets",
      "Prints TAP version 13. The file must be the lab in force, or be analysed alone with --lab.\n"
      "Examples:\n"
      "  egressctl test lab.yaml --junit results.xml\n"
      "  egressctl test --lab lab.yaml\n"
      "Exit status: 0 all hold, 1 one does not, 2 nothing to test, 3 trouble.");
  const auto options = std::make_shared<TestOptions>();
  command->add_option("FILE", options->file, "Lab file, or - for standard input")->required();
  command->add_option("--junit", options->junit, "Write JUnit XML to this file too")
      ->type_name("FILE");
  command->add_flag("--lab", options->offline, "Analysis alone: no daemon, no packets");
  when_chosen(*command, chosen,
              [options](const Context& context) { return test(context, *options); });
}

}  // namespace

int exit_of_explanation(const Json& explanation) {
  const Json& observed = member(explanation, "observed");
  if (observed.is_object() && !flag_of(observed, "agrees")) return kDisagrees;
  if (text_of(member(explanation, "service"), "access") == "Deny") return kNo;
  const std::string answer = text_of(member(explanation, "reply"), "verdict");
  const bool tcp = text_of(member(explanation, "flow"), "protocol") == "tcp";
  if (tcp && !answer.empty() && answer != "Allow") return kNo;
  return text_of(explanation, "verdict") == "Allow" ? kDone : kNo;
}

void add_flow_commands(CLI::App& app, Action& chosen) {
  add_explain(app, chosen);
  add_test(app, chosen);
}

}  // namespace egress::ctl

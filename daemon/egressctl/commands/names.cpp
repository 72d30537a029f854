// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/lab_source.hpp"
#include "egressctl/offline.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

struct ResolveOptions {
  std::string target{};
  std::string name{};
  std::string type = "A";
  std::string traffic = "application";
  bool verify = false;
  std::string lab{};  // a file: no daemon
};

Result<control::ResolveRequest> request_of(const ResolveOptions& options) {
  ASSIGN_OR_RETURN(const lab::Sender app, parse_sender(options.target, options.traffic));
  return control::parse_resolve_request(app, {{"name", options.name},
                                              {"type", options.type},
                                              {"traffic", options.traffic},
                                              {"verify", options.verify ? "true" : "false"}});
}

Answer ask(const Context& context, const control::ResolveRequest& request) {
  if (request.verify) {
    Answer asked = ask_for_traffic(context, request.app);
    if (std::holds_alternative<Failure>(asked)) return asked;
  }
  const std::string who =
      request.app.host.empty()
          ? fmt::format("apps/{}/{}", escaped(request.app.site), request.app.instance)
          : "hosts/" + escaped(request.app.host);
  const std::string path = fmt::format("/v1/{}/resolve", who);
  return with_senders(context.client.get(with_query(path, control::to_parameters(request))),
                      context.client, request.app);
}

int resolve(const Context& context, const ResolveOptions& options) {
  const Console& console = context.console;
  const auto request = request_of(options);
  if (!request.ok()) return console.fail(failure_of(request.error()), kUsage);
  Answer answer;
  Source text;
  if (options.lab.empty()) {
    answer = ask(context, *request);
  } else {
    const auto source = LabSource::read(options.lab);
    if (!source.ok()) return refuse(console, source.error(), Purpose::kQuestion);
    text = source->source();
    answer = resolve_offline(*source, *request);
  }
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return console.fail(*failure, exit_of(*failure, Purpose::kQuestion), text);
  }
  const Json& resolution = std::get<Json>(answer);
  console.print(resolution, render_resolution(resolution, request->app.to_string(), console.out()));
  return exit_of_resolution(resolution);
}

int dependencies(const Context& context, const std::string& target) {
  const auto app = lab::Sender::parse(target);
  if (!app.ok()) return context.console.fail(failure_of(app.error()), kUsage);
  const std::string path = with_query("/v1/dependencies", {{"site", app->to_string()}});
  const Answer answer = with_sites(context.client.get(path), context.client, app->site);
  const int shown = show(context.console, answer, render_dependencies);
  if (shown != kDone) return shown;
  const Json& all = list_of(std::get<Json>(answer), "dependencies");
  const bool blocked = std::any_of(all.begin(), all.end(), [](const Json& dependency) {
    return member(dependency, "ok").is_boolean() && !flag_of(dependency, "ok");
  });
  return blocked ? kNo : kDone;
}

void add_resolve(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kFlowGroup, "resolve", "Show what a name means to an app, and who says so",
      "Lists every server that the app asks, in the order in which their answers count.\n"
      "Examples:\n"
      "  egressctl resolve web sqlserver.database.windows.net\n"
      "  egressctl resolve web/1 www.example.com --type AAAA --verify\n"
      "Exit status: 0 with such a record, 1 without, 2 usage, 3 trouble, 4 the app's resolver\n"
      "disagrees.");
  const auto options = std::make_shared<ResolveOptions>();
  add_sender(*command, options->target);
  command->add_option("NAME", options->name, "What to look up")->required();
  command->add_option("--type", options->type, "Type of the records, such as AAAA or TXT")
      ->capture_default_str();
  add_traffic(*command, options->traffic);
  CLI::Option* verify =
      command->add_flag("--verify", options->verify, "Ask the app's own resolver too, and compare");
  command->add_option("--lab", options->lab, "Decide for this lab file, without a daemon")
      ->type_name("FILE")
      ->excludes(verify);
  when_chosen(*command, chosen,
              [options](const Context& context) { return resolve(context, *options); });
}

void add_dependencies(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kFlowGroup, "dependencies", "Show what an app needs, and what blocks it",
      "The flows that the site declares, what the build of its runtime fetches, and certificate\n"
      "revocation. What the platform fetches for the app (secrets, image, content share, tokens,\n"
      "backups) is not among them. A name of a runtime that the lab does not have is no fault.\n"
      "Example: egressctl dependencies web\n"
      "Exit status: 0 all are reached, 1 one is not, 2 usage, 3 trouble.");
  const auto target = std::make_shared<std::string>();
  add_target(*command, *target);
  when_chosen(*command, chosen,
              [target](const Context& context) { return dependencies(context, *target); });
}

}  // namespace

int exit_of_resolution(const Json& resolution) {
  const Json& observed = member(resolution, "observed");
  if (observed.is_object() && !flag_of(observed, "agrees")) return kDisagrees;
  const std::string type = text_of(resolution, "type");
  const std::string answered_by = text_of(resolution, "answeredBy");
  for (const Json& server : list_of(resolution, "servers")) {
    const Json& chain = list_of(server, "chain");
    if (text_of(server, "server") != answered_by || chain.empty()) continue;
    // Aliases that lead to nothing are no answer, unless they were asked for.
    return text_of(chain.back(), "type") != "CNAME" || type == "CNAME" ? kDone : kNo;
  }
  return kNo;
}

void add_name_commands(CLI::App& app, Action& chosen) {
  add_resolve(app, chosen);
  add_dependencies(app, chosen);
}

}  // namespace egress::ctl

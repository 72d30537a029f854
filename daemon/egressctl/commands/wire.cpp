// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/number.hpp"
#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/render/render.hpp"
#include "lab/impairment.hpp"
#include "lab/suggest.hpp"

namespace egress::ctl {

namespace {

struct WireOptions {
  std::string wires{};  // "PLAN[/INSTANCE]", or empty: all are listed
  std::optional<lab::Impairment> impairment{};
  bool hold = false;
  bool clear = false;
  int step = 0;
  std::string duration{};

  lab::Impairment& impaired() { return impairment ? *impairment : impairment.emplace(); }
  bool changes() const { return impairment || hold || clear; }
};

// Packets and flows of these alone.
Json only(Json wires, const std::string& which) {
  const bool one = which.find('/') != std::string::npos;
  const std::string head = which + (one ? " " : "/");
  Json kept = Json::array();
  for (const Json& wire : list_of(wires, "wires")) {
    const std::string begin = text_of(wire, "wire").substr(0, head.size());
    if (lab::equal_ignoring_case(begin, head)) kept.push_back(wire);
  }
  wires["wires"] = std::move(kept);
  return wires;
}

int fail(const Context& context, const Failure& failure) {
  return context.console.fail(failure, exit_of(failure, Purpose::kChange));
}

int list(const Context& context, const std::string& which) {
  Answer answer = with_lab(context.client.get("/v1/wires"), context.client);
  Json* const wires = std::get_if<Json>(&answer);
  if (wires == nullptr || which.empty()) return show(context.console, answer, render_wires);
  *wires = only(std::move(*wires), which);
  if (!list_of(*wires, "wires").empty()) return show(context.console, answer, render_wires);
  return fail(
      context,
      {.code = errc_name(Errc::kNotFound),
       .message = fmt::format("'{}' has no wires", which),
       .hint =
           "who has: egressctl wire; a plan needs interface: tun, and an app that is integrated"});
}

std::string path_of(const std::string& wires) {
  const size_t slash = wires.find('/');
  std::string path = "/v1/wires/" + escaped(wires.substr(0, slash));
  return slash == std::string::npos ? path : path + "/" + escaped(wires.substr(slash + 1));
}

std::string done_text(const WireOptions& options) {
  if (options.clear) return "cleared";
  return options.hold ? "held" : "impaired";
}

int impose(const Context& context, const WireOptions& options) {
  control::ImposeRequest request{.impairment = options.impairment, .held = options.hold};
  if (options.impairment) {
    if (const auto problem = lab::problem_of(*options.impairment)) {
      return context.console.fail({.code = "usage", .message = problem->message}, kUsage);
    }
  }
  if (!options.duration.empty()) {
    const auto duration = parse_duration(options.duration);
    if (!duration.ok()) return context.console.fail(failure_of(duration.error()), kUsage);
    request.duration = *duration;
  }
  const Answer answer =
      with_plans(run_with_progress(context, path_of(options.wires), control::to_json(request)),
                 context.client, options.wires.substr(0, options.wires.find('/')));
  if (const Failure* failure = std::get_if<Failure>(&answer)) return fail(context, *failure);
  const Json& result = std::get<Json>(answer);
  const std::string leftovers = render_leftovers(result, context.console.verbose());
  if (!context.console.is_for_machines()) context.console.note(leftovers);
  context.console.print(result, render_result(done_text(options), options.wires, result));
  if (leftovers.empty()) return kDone;
  return context.console.fail({.code = "partly",
                               .message = "the kernel is not yet as it is wanted",
                               .hint = "the daemon keeps trying: egressctl status"},
                              kPartly);
}

std::string render_steps(const Json& taken, const Screen& /*screen*/) {
  return fmt::format("out {}, in {}\n", text_of(taken, "out"), text_of(taken, "in"));
}

int step(const Context& context, const WireOptions& options) {
  const Answer answer =
      with_lab(context.client.post(path_of(options.wires) + "/step",
                                   control::to_json(control::StepRequest{options.step})),
               context.client);
  if (const Failure* failure = std::get_if<Failure>(&answer)) return fail(context, *failure);
  return show(context.console, answer, render_steps);
}

int wire(const Context& context, const WireOptions& options) {
  if (options.step > 0) return step(context, options);
  if (!options.duration.empty() && !options.changes()) {
    return context.console.fail(
        {.code = "usage", .message = "--for says how long something is imposed, and nothing is"},
        kUsage);
  }
  return options.changes() ? impose(context, options) : list(context, options.wires);
}

// What is wrong with the text, or nothing.
std::string why_no_wires(std::string& text) {
  const size_t slash = text.find('/');
  const bool plan = !text.empty() && slash != 0;
  const bool number = slash == std::string::npos ||
                      parse_number<int>(std::string_view(text).substr(slash + 1)).value_or(-1) >= 0;
  return plan && number ? std::string()
                        : fmt::format("'{}' is not of the form PLAN or PLAN/INSTANCE", text);
}

// One property, by the parser of lab files.
template <typename T>
CLI::Option* add_property(CLI::App& command, const std::shared_ptr<WireOptions>& options,
                          const char* name, const char* purpose,
                          Result<T> (*parse)(std::string_view), T lab::Impairment::*property) {
  return command
      .add_option_function<std::string>(
          name,
          [options, parse, property](const std::string& text) {
            options->impaired().*property = parse(text).value();
          },
          purpose)
      ->check(CLI::Validator(
          [parse](std::string& text) {
            const auto parsed = parse(text);
            return parsed.ok() ? std::string() : parsed.error().message;
          },
          ""));
}

Result<uint64_t> parse_seed(std::string_view text) {
  const auto seed = parse_number<uint64_t>(text);
  if (seed && *seed <= lab::kMaxSeed) return *seed;
  return Error{.code = Errc::kInvalid,
               .message = fmt::format("the seed is a number from 0 to {}", lab::kMaxSeed)};
}

std::vector<CLI::Option*> add_properties(CLI::App& command,
                                         const std::shared_ptr<WireOptions>& options) {
  using lab::Impairment;
  return {
      add_property(command, options, "--latency", "Delays each packet by so much, such as 20ms",
                   lab::parse_latency, &Impairment::latency)
          ->type_name("TIME"),
      add_property(command, options, "--jitter", "More or less of it, by chance",
                   lab::parse_latency, &Impairment::jitter)
          ->type_name("TIME"),
      add_property(command, options, "--loss", "Loses so many, such as 5%", lab::parse_share,
                   &Impairment::loss)
          ->type_name("SHARE"),
      add_property(command, options, "--duplicate", "Sends so many twice", lab::parse_share,
                   &Impairment::duplicate)
          ->type_name("SHARE"),
      add_property(command, options, "--reorder", "Lets so many overtake those that are delayed",
                   lab::parse_share, &Impairment::reorder)
          ->type_name("SHARE"),
      add_property(command, options, "--rate", "Carries no more in a second, such as 10mbit",
                   lab::parse_rate, &Impairment::rate)
          ->type_name("RATE"),
      add_property(command, options, "--seed", "Of all that is by chance (default 1)", parse_seed,
                   &Impairment::seed)
          ->type_name("N"),
  };
}

}  // namespace

void add_wire_command(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kFlowGroup, "wire", "Show the wires of tun plans, make them slow or lossy, hold them",
      "What is imposed takes the place of the plan's own impairment, in each direction by itself,\n"
      "until --for is over or --clear. A held wire carries nothing but what --step lets through,\n"
      "for ten minutes unless told.\n"
      "Examples:\n"
      "  egressctl wire plan --latency 100ms --loss 2% --for 5m\n"
      "  egressctl wire plan/0 --hold\n"
      "  egressctl wire plan/0 --step 1\n"
      "  egressctl wire plan --clear\n"
      "Exit status: 0 done, 1 refused (such as: needs interface: tun), 2 usage, 3 trouble.");
  const auto options = std::make_shared<WireOptions>();
  CLI::Option* wires =
      command
          ->add_option("PLAN[/INSTANCE]", options->wires, "Server farm, and which instance of it")
          ->check(CLI::Validator(why_no_wires, ""));
  std::vector<CLI::Option*> imposing = add_properties(*command, options);
  imposing.push_back(command->add_flag("--hold", options->hold, "Let no packet pass by itself"));
  CLI::Option* duration = command->add_option("--for", options->duration, "How long, in s, m, h, d")
                              ->type_name("DURATION");
  CLI::Option* clear =
      command->add_flag("--clear", options->clear, "Back to what the lab says")->needs(wires);
  CLI::Option* step =
      command
          ->add_option("--step", options->step, "Let so many packets of a held wire pass, each way")
          ->type_name("N")
          ->check(CLI::Range(1, control::kMostSteps).description(""))
          ->needs(wires);
  for (CLI::Option* option : imposing) {
    option->needs(wires)->excludes(clear)->excludes(step);
  }
  clear->excludes(step)->excludes(duration);
  step->excludes(duration);
  when_chosen(*command, chosen,
              [options](const Context& context) { return wire(context, *options); });
}

}  // namespace egress::ctl

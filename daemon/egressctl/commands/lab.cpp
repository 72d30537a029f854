// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/lab_source.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

int validate(const Console& console, const std::string& file) {
  const auto source = LabSource::read(file);
  if (!source.ok()) return refuse(console, source.error(), Purpose::kChange);
  const lab::Loaded loaded = source->load();
  const Json findings = control::to_json(loaded.findings);
  const bool valid = loaded.lab.has_value();
  const Json warnings = control::warnings_json(loaded.findings);
  console.print(Json{{"valid", valid}, {"findings", findings}, {"warnings", warnings}},
                render_findings(findings, source->source(), console.out()));
  if (valid && !console.is_for_machines()) {
    console.note(fmt::format("{}: {}\n", source->source().file,
                             painted("valid", Paint::kGreen, console.err())));
  }
  return valid ? kDone : kNo;
}

// The worst of them.
int validate(const Context& context, const std::vector<std::string>& files) {
  int worst = kDone;
  for (const std::string& file : files) worst = std::max(worst, validate(context.console, file));
  return worst;
}

struct PlanOptions {
  std::string file{};
  bool detailed = false;
  KernelLines kernel = KernelLines::kCounted;
};

int plan(const Context& context, const PlanOptions& options) {
  const Console& console = context.console;
  const auto source = LabSource::read(options.file);
  if (!source.ok()) return refuse(console, source.error(), Purpose::kChange);
  const Answer answer = context.client.post("/v1/plan", control::to_json(source->with_files()));
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return console.fail(*failure, exit_of(*failure, Purpose::kChange), source->source());
  }
  const Json& planned = std::get<Json>(answer);
  if (!console.is_for_machines()) {
    console.note(render_findings(list_of(planned, "findings"), source->source(), console.err()));
  }
  console.print(planned, render_plan(planned, options.kernel, console.out()));
  if (!list_of(planned, "refusals").empty()) return kNo;
  return options.detailed && would_change(planned) ? kChanges : kDone;
}

}  // namespace

void add_lab_commands(CLI::App& app, Action& chosen) {
  CLI::App* checking =
      add_command(app, kLabGroup, "validate", "Load and check a lab file; no daemon is needed",
                  "Prints every finding as FILE:LINE:COLUMN: error: ... on standard output. Of "
                  "several files\none after the other; as JSON a document a file.\n"
                  "Example: egressctl validate lab.yaml\n"
                  "Exit status: 0 valid (warnings do not count), 1 findings.");
  const auto files = std::make_shared<std::vector<std::string>>();
  checking->add_option("FILE", *files, "Lab files, or - for standard input")->required();
  when_chosen(*checking, chosen,
              [files](const Context& context) { return validate(context, *files); });

  CLI::App* planning = add_command(
      app, kLabGroup, "plan", "Show what applying a lab file would change",
      "Lists resources with the properties that change, apps that restart, addresses that are\n"
      "taken and left, and the operations since the last apply that the file takes back. Changes\n"
      "nothing.\n"
      "Example: egressctl plan lab.yaml --detailed-exitcode\n"
      "Exit status: 0; 1 the lab, or the change, is refused; with --detailed-exitcode 2 when "
      "something\n"
      "would change.");
  const auto options = std::make_shared<PlanOptions>();
  planning->add_option("FILE", options->file, "Lab file, or - for standard input")->required();
  planning->add_flag("--detailed-exitcode", options->detailed,
                     "Exit with 2 when something would change");
  planning->add_flag_callback(
      "--kernel", [options] { options->kernel = KernelLines::kShown; },
      "List the kernel operations that would follow, too");
  when_chosen(*planning, chosen,
              [options](const Context& context) { return plan(context, *options); });
}

}  // namespace egress::ctl

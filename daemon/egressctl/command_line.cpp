// SPDX-License-Identifier: MIT
#include "egressctl/command_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <set>

#include "egressctl/duration.hpp"
#include "lab/suggest.hpp"

namespace egress::ctl {

namespace {

constexpr const char* kFooter =
    R"(A lab file is YAML; see egressd-lab(5). FILE may be - for standard input.

Examples:
  egressctl apply lab.yaml
  egressctl exec web -- curl -s http://www.example.com/
  egressctl explain web tcp://10.1.2.4:1433

Exit status, where a command does not say otherwise:
  0  done          1  no: invalid, refused, denied, not in sync, failed
  2  wrong usage   3  trouble: no daemon, no such name; partly applied
Every command has its own --help.)";

// CLI11's words, less a note that only its authors need, and with what follows "--".
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override {
    return app->get_description() + "\n";
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, std::move(name));
    if (app->get_name() == "exec") usage.insert(usage.find_last_not_of('\n') + 1, " -- CMD...");
    return usage;
  }
  // Which options go together the command itself says, if somebody gives both.
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string text = CLI::Formatter::make_option_opts(option);
    return text.substr(0, std::min(text.find(" Excludes:"), text.find(" Needs:")));
  }
  std::string make_footer(const CLI::App* app) const override {
    std::string footer = CLI::Formatter::make_footer(app);
    if (app->get_parent() == nullptr) return footer;
    return footer + "Options of all commands, such as -o json: egressctl --help\n";
  }
};

// Arguments of `exec`, `complete` and `doctor` behind "--" are no options, whatever they look like.
std::vector<std::string> split_off_program(std::vector<std::string>& arguments) {
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  const auto takes_all = [](const std::string& word) {
    return word == "exec" || word == "complete" || word == "doctor";
  };
  if (mark == arguments.end() || std::none_of(arguments.begin(), mark, takes_all)) return {};
  std::vector<std::string> program(mark + 1, arguments.end());
  arguments.erase(mark, arguments.end());
  return program;
}

bool is_picture(const std::string& word) {
  return std::find(std::begin(kPictures), std::end(kPictures), word) != std::end(kPictures);
}

Format format_of(const std::string& word) {
  for (const FormatWord& each : kFormats) {
    if (word == each.word) return each.format;
  }
  return Format::kTable;
}

// After a parse that failed, options have no values yet.
Format format_asked_for(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    for (const std::string head : {"--output=", "-o"}) {
      const std::string& word = arguments[i];
      if (word.size() > head.size() && word.starts_with(head)) {
        return format_of(word.substr(head.size()));
      }
    }
    const bool named = i > 0 && (arguments[i - 1] == "-o" || arguments[i - 1] == "--output");
    if (named) return format_of(arguments[i]);
  }
  return Format::kTable;
}

// The first word that is neither an option of all commands nor the value of one.
std::optional<std::string> first_word(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!word.starts_with('-')) return word;
    if (word == "-o" || word == "--output" || word == "--socket" || word == "--timeout") ++i;
  }
  return std::nullopt;
}

// CLI11's own words, where it says what is wrong.
Failure failure_of(const CLI::App& app, const CLI::ParseError& error,
                   const std::vector<std::string>& arguments) {
  const auto commands = app.get_subcommands();
  const auto word = first_word(arguments);
  if (commands.empty() && word) {
    std::vector<std::string> names;
    for (const CLI::App* each : app.get_subcommands({})) names.push_back(each->get_name());
    return {.code = "usage",
            .message = fmt::format("no command '{}'", lab::shown(*word)),
            .hint = lab::suggestion(*word, names, "egressctl --help")};
  }
  if (const auto option = std::find_if(
          arguments.begin(), arguments.end(),
          [](const std::string& each) { return each.size() > 1 && each.front() == '-'; });
      commands.empty() && option != arguments.end()) {
    return {.code = "usage",
            .message =
                fmt::format("no command, and no option '{}' of all commands", lab::shown(*option)),
            .hint = "egressctl --help"};
  }
  const std::string command = commands.empty() ? "" : " " + commands.front()->get_name();
  const bool has_program =
      command == " exec" && dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  if (has_program) {
    return {.code = "usage",
            .message = "the program and its arguments stand behind --",
            .hint = "egressctl exec SITE -- CMD..."};
  }
  return {
      .code = "usage", .message = error.what(), .hint = fmt::format("egressctl{} --help", command)};
}

// The same as the command's own --help. Of an unknown one the command line says that it is none.
int help_on(const CLI::App* app, const std::vector<std::string>& command) {
  std::vector<const char*> words{"egressctl"};
  for (const std::string& word : command) {
    words.push_back(word.c_str());
    const auto all =
        app->get_subcommands([&](const CLI::App* each) { return each->check_name(word); });
    if (all.empty()) return CommandLine().run(static_cast<int>(words.size()), words.data());
    app = all.front();
  }
  words.push_back("--help");
  return CommandLine().run(static_cast<int>(words.size()), words.data());
}

void add_help_command(CLI::App& app, Action& chosen) {
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command = add_command(app, kOtherGroup, "help", "Print the help of a command",
                                  "Example: egressctl help clock advance");
  command->add_option("COMMAND", *words, "Which one; all of them otherwise");
  when_chosen(*command, chosen, [&app, words](const Context&) { return help_on(&app, *words); });
}

}  // namespace

CommandLine::CommandLine()
    : app_("Controls egressd: Azure App Service's outbound network on one Linux host.",
           "egressctl") {
  app_.formatter(std::make_shared<HelpFormatter>());
  app_.get_formatter()->column_width(26);
  app_.get_formatter()->label("REQUIRED", "");  // the usage line says so
  app_.get_formatter()->label("TEXT", "");
  app_.fallthrough();
  app_.require_subcommand(1);
  app_.footer(kFooter);
  app_.set_version_flag("--version", "egressctl " EGRESS_VERSION, "Print the version and exit");
  app_.set_help_flag("-h,--help", "Print this help and exit");
  app_.add_option("--socket", socket_, "The daemon's control socket")
      ->type_name("PATH")
      ->envname("EGRESSD_SOCKET")
      ->capture_default_str();
  app_.add_option(
          "-o,--output", output_,
          "table, wide, json or yaml, which errors follow, or name; of graph dot or mermaid")
      ->type_name(kFormatType)
      ->envname("EGRESSCTL_OUTPUT")
      ->check(CLI::IsMember(formats()).description(""))
      ->capture_default_str();
  app_.add_option("--timeout", timeout_,
                  "Wait no longer for the daemon, in s, m, h; without it as long as it takes")
      ->type_name("DURATION")
      ->envname("EGRESSCTL_TIMEOUT")
      ->check(CLI::Validator(
          [](std::string& text) {
            const auto parsed = parse_duration(text);
            return parsed.ok() ? std::string() : parsed.error().message;
          },
          ""));
  app_.add_flag("--wait", wait_, "Wait for an operation that is in progress to end");
  app_.add_flag("-v,--verbose", verbose_, "All lines about a failure, not its causes alone");
  app_.add_flag("--no-progress", no_progress_, "Draw no progress bar");
  add_lab_commands(app_, chosen_);
  add_operation_commands(app_, chosen_);
  add_query_commands(app_, chosen_);
  add_clock_command(app_, chosen_);
  add_lifecycle_commands(app_, chosen_);
  add_wire_command(app_, chosen_);
  add_app_commands(app_, program_, chosen_);
  add_startup_commands(app_, chosen_);
  add_flow_commands(app_, chosen_);
  add_watch_command(app_, chosen_);
  add_name_commands(app_, chosen_);
  add_network_watcher_commands(app_, chosen_);
  add_about_command(app_, chosen_);
  add_doctor_command(app_, program_, chosen_);
  add_bugreport_command(app_, chosen_);
  add_help_command(app_, chosen_);
  add_completion_commands(app_, program_, chosen_);
}

Context CommandLine::context() const {
  const Screen err = screen_of(STDERR_FILENO);
  const Console console(format_of(output_), screen_of(STDOUT_FILENO), err, verbose_);
  Patience patience;
  if (!timeout_.empty()) patience.timeout = parse_duration(timeout_).value();
  if (!no_progress_ && !console.is_for_machines()) {
    patience.on_silence = [console, socket = socket_] {
      console.note(fmt::format("egressctl: waiting for egressd at {}\n", socket));
    };
  }
  return {.console = console,
          .client = Client(socket_, patience),
          .progress = no_progress_ ? Screen{} : err,
          .wait = wait_,
          .picture = is_picture(output_) ? output_ : std::string()};
}

int CommandLine::refuse(const CLI::ParseError& error,
                        const std::vector<std::string>& arguments) const {
  if (error.get_exit_code() == 0) return app_.exit(error, std::cout, std::cerr);
  const auto commands = app_.get_subcommands();
  const bool execs = !commands.empty() && commands.front()->get_name() == "exec";
  const Console console(format_asked_for(arguments), {}, screen_of(STDERR_FILENO));
  return console.fail(failure_of(app_, error, arguments), execs ? kExecTrouble : kUsage);
}

int CommandLine::run(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    std::cerr << app_.help();
    return kUsage;
  }
  program_ = split_off_program(arguments);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app_.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return refuse(error, arguments);
  }
  if (const std::string why = why_not_in_this_form(); !why.empty()) {
    return context().console.fail({.code = "usage", .message = why}, kUsage);
  }
  return chosen_(context());
}

std::string CommandLine::why_not_in_this_form() const {
  static const std::set<std::string> kLists{"status",          "leases", "effective-routes",
                                            "effective-rules", "graph",  "wire",
                                            "dependencies",    "plan"};
  const std::string command = app_.get_subcommands().front()->get_name();
  if (is_picture(output_) && command != "graph") {
    return fmt::format("-o {} is of graph alone", output_);
  }
  if (output_ == "name" && kLists.count(command) == 0) {
    return fmt::format("-o name is of commands that list something, and {} does not", command);
  }
  return {};
}

}  // namespace egress::ctl

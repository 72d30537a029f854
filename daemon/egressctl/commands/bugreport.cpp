// SPDX-License-Identifier: MIT
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "control/json.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/programs.hpp"
#include "lab/document.hpp"
#include "lab/load.hpp"

namespace egress::ctl {

namespace {

constexpr const char* kFolder = "egressd-bugreport";
constexpr const char* kBlank = "***";

// A folder that goes with its owner.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make() {
    std::string path = std::filesystem::temp_directory_path() / "egressd-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return Error::from_errno("make a folder in " + path);
    return ScratchFolder(path);
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// The lab in force, as it is but for what its settings hold.
std::string lab_without_secrets(const Json& exported) {
  lab::LabText text{.file = text_of(exported, "file"), .text = text_of(exported, "text")};
  if (const Json& files = member(exported, "files"); files.is_object()) {
    for (const auto& [path, content] : files.items()) {
      text.files[path] = content.is_string() ? content.get<std::string>() : std::string();
    }
  }
  lab::Loaded loaded = lab::load(text);
  if (!loaded.lab) return "# left out, as it cannot be read, and so its secrets not be found\n";
  for (auto& [name, site] : loaded.lab->sites) {
    for (auto& [setting, value] : site.app_settings) value = kBlank;
  }
  const Result<std::string> written = lab::write(*loaded.lab);
  return written.ok() ? *written : "# left out: " + written.error().to_string() + "\n";
}

class Report {
 public:
  explicit Report(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }
  void add(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
  }
  void add_answer(const std::string& name, const Answer& answer) const {
    const Json* json = std::get_if<Json>(&answer);
    add(name, control::dump_indented(json != nullptr ? *json : to_json(std::get<Failure>(answer))) +
                  "\n");
  }
  void add_output(const std::string& name, const std::vector<std::string>& command) const {
    add(name, ask_program(command, Errors::kIncluded));
  }

 private:
  std::string folder_;
};

void add_machine(const Report& report) {
  report.add("versions.txt",
             fmt::format("egressctl {}\n{}{}{}{}", EGRESS_VERSION,
                         ask_program({daemon_program(), "--version"}, Errors::kIncluded),
                         ask_program({"uname", "-a"}, Errors::kIncluded),
                         ask_program({"nft", "--version"}, Errors::kIncluded),
                         ask_program({"cat", "/etc/os-release"}, Errors::kIncluded)));
  report.add_output("doctor.json", doctor_command({}));
  report.add_output("log.txt", {"journalctl", "--unit", "egressd", "--lines", "5000", "--no-pager",
                                "--output", "short-iso-precise"});
  report.add_output("configuration.yaml", {"cat", "/etc/egressd/egressd.yaml"});
}

// What the kernel has, by the programs that people know it by.
void add_kernel(const Report& report, const Json& status) {
  std::set<std::string> names;
  const std::string prefix = text_of(status, "prefix");
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", error)) {
    const std::string name = entry.path().filename().string();
    if (!prefix.empty() && name.starts_with(prefix + "-")) names.insert(name);
  }
  std::string text;
  for (const std::string& netns : names) {
    text += fmt::format("== {}\n", netns);
    for (const std::vector<std::string>& part : {std::vector<std::string>{"-details", "address"},
                                                 {"route", "show", "table", "all"},
                                                 {"rule"},
                                                 {"neighbour"}}) {
      std::vector<std::string> command{"ip", "-netns", netns};
      command.insert(command.end(), part.begin(), part.end());
      text += ask_program(command, Errors::kIncluded);
    }
    text += ask_program({"ip", "netns", "exec", netns, "nft", "--stateless", "list", "ruleset"},
                        Errors::kIncluded);
  }
  report.add("kernel.txt", text);
}

int bugreport(const Context& context, const std::string& file) {
  const Console& console = context.console;
  const auto scratch = ScratchFolder::make();
  if (!scratch.ok()) return refuse(console, scratch.error(), Purpose::kQuestion);
  const Report report(scratch->path() + "/" + kFolder);
  add_machine(report);
  const Answer status = context.client.get("/v1/status");
  report.add_answer("status.json", status);
  report.add_answer("leases.json", context.client.get("/v1/leases"));
  const Answer lab = context.client.get("/v1/lab");
  if (const Json* exported = std::get_if<Json>(&lab)) {
    report.add("lab.yaml", lab_without_secrets(*exported));
  }
  if (const Json* seen = std::get_if<Json>(&status)) add_kernel(report, *seen);
  const std::string target = file.empty() ? fmt::format("{}-{:%Y%m%dT%H%M%SZ}.tar.gz", kFolder,
                                                        fmt::gmtime(std::time(nullptr)))
                                          : file;
  const std::string said = ask_program(
      {"tar", "--create", "--gzip", "--file", target, "--directory", scratch->path(), kFolder},
      Errors::kIncluded);
  if (::access(target.c_str(), R_OK) != 0) {
    return console.fail(
        {.code = "kernel", .message = fmt::format("{} is not written: {}", target, said)},
        kTrouble);
  }
  console.print({{"file", target}},
                fmt::format("{}\nRead it before you hand it on: the values of app settings are "
                            "blanked, names and addresses are not.\n",
                            target));
  return kDone;
}

}  // namespace

void add_bugreport_command(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kOtherGroup, "bugreport", "Put into a file what somebody who mends things needs to see",
      "Versions, the machine, the lab without the values of its app settings, status, leases, "
      "what\n"
      "the kernel has in each namespace, and the log. Works without a daemon, too.\n"
      "Example: egressctl bugreport report.tar.gz\n"
      "Exit status: 0 written, 3 trouble.");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "Where to (default egressd-bugreport-TIME.tar.gz here)");
  when_chosen(*command, chosen,
              [file](const Context& context) { return bugreport(context, *file); });
}

}  // namespace egress::ctl

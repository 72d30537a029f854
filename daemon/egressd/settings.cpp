// SPDX-License-Identifier: MIT
#include "egressd/settings.hpp"

#include <fmt/format.h>
#include <spdlog/common.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <utility>

#include "lab/read/yaml_reader.hpp"

namespace egress::daemon {

namespace {

constexpr size_t kLongestPrefix = 32;

// As the configuration file has it and, but for `lab`, the command line.
struct Setting {
  const char* key;
  std::string Settings::*member;
  const char* option;
  const char* type;
  const char* words;
};
constexpr Setting kSettings[] = {
    {"stateDir", &Settings::state_dir, "--state-dir", "DIR",
     "Where leases and the applied lab live"},
    {"runDir", &Settings::run_dir, "--run-dir", "DIR", "Where run-time files live"},
    {"socket", &Settings::socket, "--socket", "PATH", "The control socket"},
    {"prefix", &Settings::prefix, "--prefix", "NAME", "Start of namespace names"},
    {"logLevel", &Settings::log_level, "--log-level", "LEVEL",
     "trace, debug, info, warning, error, off"},
    {"fastPath", &Settings::fast_path, "--fast-path", "on|off",
     "Whether established flows are spared the way through rules and routes"},
    {"lab", &Settings::lab, nullptr, nullptr, nullptr}};

struct Limit {
  const char* key;
  uint64_t compile::SizeLimits::*member;
};
constexpr Limit kLimits[] = {{"namespaces", &compile::SizeLimits::namespaces},
                             {"links", &compile::SizeLimits::links},
                             {"routes", &compile::SizeLimits::routes},
                             {"firewallElements", &compile::SizeLimits::firewall_elements}};

constexpr const char* kLogLevels = "trace, debug, info, warning, error, critical, off";

// spdlog takes every other word for "off".
bool is_log_level(const std::string& word) {
  return spdlog::level::from_str(word) != spdlog::level::off || word == "off";
}

bool is_on_or_off(const std::string& word) {
  return word == kOn || word == kOff;
}

// What `table` has under the entry's key; or null, and a finding that lists its keys and `also`.
template <typename Table>
auto find_key(lab::Reader& reader, const lab::Value& entry, const Table& table,
              const std::vector<std::string>& also) {
  const auto* found = std::find_if(std::begin(table), std::end(table),
                                   [&](const auto& row) { return entry.key == row.key; });
  if (found != std::end(table)) return found;
  std::vector<std::string> names;
  for (const auto& row : table) names.emplace_back(row.key);
  std::sort(names.begin(), names.end());
  names.insert(names.end(), also.begin(), also.end());
  reader.fail_at_key(entry, "unknown-key", fmt::format("unknown key '{}'", lab::shown(entry.key)),
                     lab::suggestion(entry.key, names, "keys are " + lab::one_of(names)));
  return decltype(found){nullptr};
}

void read_limits(lab::Reader& reader, const lab::Value& value, compile::SizeLimits& limits) {
  for (const lab::Value& entry : reader.entries(value)) {
    const Limit* limit = find_key(reader, entry, kLimits, {});
    if (limit == nullptr) continue;
    const std::optional<int> number = reader.integer(entry);
    if (number && *number < 1) reader.fail(entry, "range", "a number from 1 on is expected");
    if (number && *number > 0) limits.*(limit->member) = static_cast<uint64_t>(*number);
  }
}

void read_entry(lab::Reader& reader, const lab::Value& entry, Settings& settings) {
  if (entry.key == "limits") return read_limits(reader, entry, settings.limits);
  const Setting* setting = find_key(reader, entry, kSettings, {"limits"});
  if (setting == nullptr) return;
  const std::optional<std::string> text = reader.text(entry);
  if (text && text->empty()) reader.fail(entry, "type", "text is expected, not ''");
  if (text && entry.key == "logLevel" && !is_log_level(*text)) {
    reader.fail(entry, "word", fmt::format("'{}' is none of {}", lab::shown(*text), kLogLevels));
    return;
  }
  if (text && entry.key == "fastPath" && !is_on_or_off(*text)) {
    reader.fail(entry, "word", fmt::format("'{}' is none of on, off", lab::shown(*text)));
    return;
  }
  if (settings.on_command_line.count(entry.key) != 0) return;
  if (text && !text->empty()) settings.*(setting->member) = *text;
}

}  // namespace

Configuration parse_configuration(const std::string& text, const std::string& file,
                                  Settings settings) {
  settings.lab.clear();
  lab::Findings findings(file);
  const lab::YamlTree tree = lab::parse_yaml(text);
  if (tree.problem) {
    findings.add(tree.problem->mark,
                 {.code = tree.problem->code, .message = tree.problem->message});
  } else {
    lab::Reader reader(findings);
    for (const lab::Value& entry :
         reader.entries({tree.root.get(), tree.mark, {}, {}, tree.mark})) {
      read_entry(reader, entry, settings);
    }
  }
  return {std::move(settings), std::move(findings).sorted()};
}

Result<Configuration> read_configuration(Settings settings) {
  const std::filesystem::path path(settings.config);
  Result<std::string> text = lab::reader_beside(path)(path.filename().string());
  if (!text.ok()) return std::move(text).error().in("read " + settings.config);
  Configuration configuration = parse_configuration(*text, path, std::move(settings));
  std::string& lab = configuration.settings.lab;
  // An absolute path stays what it is.
  if (!lab.empty()) lab = (path.parent_path() / lab).lexically_normal();
  return configuration;
}

// What is done in place of serving.
void add_tasks(CLI::App& app, CommandLine& line) {
  CLI::Option* const doctor = app.add_flag(
      "--doctor", line.doctor, "Tell as JSON whether this machine can be one for labs, then exit");
  CLI::Option* const check =
      app.add_flag("--check", line.check, "Check the configuration and its lab, then exit");
  CLI::Option* const cleanup =
      app.add_flag("--cleanup", line.cleanup,
                   "Remove what the lab of this prefix and state folder has in the kernel, then "
                   "exit");
  CLI::Option* const forget = app.add_flag("--forget-state", line.forget_state,
                                           "Put aside what is stored of the lab, then exit");
  doctor->excludes(check)->excludes(cleanup)->excludes(forget);
  check->excludes(cleanup)->excludes(forget);
}

Result<CommandLine> read_command_line(int argc, const char* const* argv) {
  CommandLine line;
  Settings& settings = line.settings;
  CLI::App app("Emulates App Service virtual network integration on this host.", "egressd");
  app.set_version_flag("--version", "egressd " EGRESS_VERSION);
  app.add_option("--config", settings.config, "Configuration file (YAML)")->type_name("FILE");
  std::vector<std::pair<const CLI::Option*, const char*>> options;
  for (const Setting& setting : kSettings) {
    if (setting.option == nullptr) continue;
    CLI::Option* option = app.add_option(setting.option, settings.*(setting.member), setting.words)
                              ->type_name(setting.type)
                              ->capture_default_str();
    options.emplace_back(option, setting.key);
  }
  app.get_option("--socket")->envname("EGRESSD_SOCKET");
  add_tasks(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  for (const auto& [option, key] : options) {
    if (option->count() > 0) settings.on_command_line.insert(key);
  }
  if (!settings.config.empty()) {
    ASSIGN_OR_RETURN(Configuration configuration, read_configuration(settings));
    settings = std::move(configuration.settings);
    line.findings = std::move(configuration.findings);
  }
  RETURN_IF_ERROR(check_settings(settings));
  return line;
}

Status check_settings(const Settings& settings) {
  const std::string& prefix = settings.prefix;
  const auto allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  };
  if (prefix.empty() || prefix.size() > kLongestPrefix || prefix.front() == '-' ||
      prefix.back() == '-' || !std::all_of(prefix.begin(), prefix.end(), allowed)) {
    return Error{
        .code = Errc::kInvalid,
        .message = fmt::format("prefix '{}' must be 1 to {} small letters, digits and, inside, "
                               "hyphens",
                               prefix, kLongestPrefix)};
  }
  if (!is_log_level(settings.log_level)) {
    return Error{
        .code = Errc::kInvalid,
        .message = fmt::format("log level '{}' is none of {}", settings.log_level, kLogLevels)};
  }
  if (!is_on_or_off(settings.fast_path)) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("fast path '{}' is none of on, off", settings.fast_path)};
  }
  return {};
}

}  // namespace egress::daemon

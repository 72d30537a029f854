// SPDX-License-Identifier: MIT
#include "egressd/settings.hpp"

#include <fmt/format.h>
#include <spdlog/common.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>

#include "lab/read/yaml_reader.hpp"

namespace egress::daemon {

namespace {

constexpr size_t kLongestPrefix = 32;

using Keys = std::map<std::string, std::optional<std::string> Configuration::*>;
const Keys& keys() {
  static const Keys kKeys{
      {"stateDir", &Configuration::state_dir}, {"runDir", &Configuration::run_dir},
      {"socket", &Configuration::socket},      {"prefix", &Configuration::prefix},
      {"logLevel", &Configuration::log_level}, {"lab", &Configuration::lab}};
  return kKeys;
}

using LimitKeys = std::map<std::string, uint64_t compile::SizeLimits::*>;
const LimitKeys& limit_keys() {
  static const LimitKeys kKeys{{"namespaces", &compile::SizeLimits::namespaces},
                               {"links", &compile::SizeLimits::links},
                               {"routes", &compile::SizeLimits::routes},
                               {"firewallElements", &compile::SizeLimits::firewall_elements}};
  return kKeys;
}

template <typename Map>
std::vector<std::string> names_of(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, member] : map) names.push_back(name);
  return names;
}

constexpr const char* kLogLevels = "trace, debug, info, warning, error, critical, off";

// spdlog takes every other word for "off".
bool is_log_level(const std::string& word) {
  return spdlog::level::from_str(word) != spdlog::level::off || word == "off";
}

void refuse_key(lab::Reader& reader, const lab::Value& entry,
                const std::vector<std::string>& names) {
  reader.fail_at_key(entry, "unknown-key", fmt::format("unknown key '{}'", lab::shown(entry.key)),
                     lab::suggestion(entry.key, names, "keys are " + lab::one_of(names)));
}

void read_limits(lab::Reader& reader, const lab::Value& limits, Configuration& configuration) {
  for (const lab::Value& entry : reader.entries(limits)) {
    const auto known = limit_keys().find(entry.key);
    if (known == limit_keys().end()) {
      refuse_key(reader, entry, names_of(limit_keys()));
      continue;
    }
    const std::optional<int> number = reader.integer(entry);
    if (number && *number < 1) reader.fail(entry, "range", "a number from 1 on is expected");
    if (number && *number > 0) {
      configuration.limits.*(known->second) = static_cast<uint64_t>(*number);
    }
  }
}

void read_entry(lab::Reader& reader, const lab::Value& entry, Configuration& configuration) {
  if (entry.key == "limits") return read_limits(reader, entry, configuration);
  const auto known = keys().find(entry.key);
  if (known == keys().end()) {
    std::vector<std::string> names = names_of(keys());
    names.emplace_back("limits");
    refuse_key(reader, entry, names);
    return;
  }
  const std::optional<std::string> text = reader.text(entry);
  if (text && text->empty()) reader.fail(entry, "type", "text is expected, not ''");
  if (text && entry.key == "logLevel" && !is_log_level(*text)) {
    reader.fail(entry, "word", fmt::format("'{}' is none of {}", lab::shown(*text), kLogLevels));
    return;
  }
  if (text && !text->empty()) configuration.*(known->second) = *text;
}

void take(const std::optional<std::string>& from, const CLI::Option* option, std::string& setting) {
  if (from && option->count() == 0) setting = *from;
}

}  // namespace

Configuration parse_configuration(const std::string& text, const std::string& file) {
  Configuration configuration;
  lab::Findings findings(file);
  const lab::YamlTree tree = lab::parse_yaml(text);
  if (tree.problem) {
    findings.add(lab::Severity::kError, tree.problem->mark, {}, tree.problem->code,
                 tree.problem->message, {});
  } else {
    lab::Reader reader(findings);
    for (const lab::Value& entry :
         reader.entries({tree.root.get(), tree.mark, {}, {}, tree.mark})) {
      read_entry(reader, entry, configuration);
    }
  }
  configuration.findings = std::move(findings).sorted();
  return configuration;
}

Result<Configuration> read_configuration(const std::string& file) {
  const std::filesystem::path path(file);
  Result<std::string> text = lab::reader_beside(file)(path.filename().string());
  if (!text.ok()) return std::move(text).error().in("read " + file);
  Configuration configuration = parse_configuration(*text, file);
  if (configuration.lab) {
    // An absolute path stays what it is.
    configuration.lab = (path.parent_path() / *configuration.lab).lexically_normal();
  }
  return configuration;
}

Result<CommandLine> read_command_line(int argc, const char* const* argv) {
  CommandLine line;
  Settings& settings = line.settings;
  CLI::App app("Emulates App Service virtual network integration on this host.", "egressd");
  app.set_version_flag("--version", "egressd " EGRESS_VERSION);
  app.add_option("--config", settings.config, "Configuration file (YAML)")->type_name("FILE");
  const auto* state_dir =
      app.add_option("--state-dir", settings.state_dir, "Where leases and the applied lab live")
          ->type_name("DIR")
          ->capture_default_str();
  const auto* run_dir = app.add_option("--run-dir", settings.run_dir, "Where run-time files live")
                            ->type_name("DIR")
                            ->capture_default_str();
  const auto* socket = app.add_option("--socket", settings.socket, "The control socket")
                           ->type_name("PATH")
                           ->envname("EGRESSD_SOCKET")
                           ->capture_default_str();
  const auto* prefix = app.add_option("--prefix", settings.prefix, "Start of namespace names")
                           ->type_name("NAME")
                           ->capture_default_str();
  const auto* log_level =
      app.add_option("--log-level", settings.log_level, "trace, debug, info, warning, error, off")
          ->type_name("LEVEL")
          ->capture_default_str();
  app.add_flag("--check", line.check, "Check the configuration and its lab, then exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  if (!settings.config.empty()) {
    ASSIGN_OR_RETURN(Configuration configuration, read_configuration(settings.config));
    take(configuration.state_dir, state_dir, settings.state_dir);
    take(configuration.run_dir, run_dir, settings.run_dir);
    take(configuration.socket, socket, settings.socket);
    take(configuration.prefix, prefix, settings.prefix);
    take(configuration.log_level, log_level, settings.log_level);
    settings.lab = configuration.lab.value_or("");
    settings.limits = std::move(configuration.limits);
    line.findings = std::move(configuration.findings);
  }
  RETURN_IF_ERROR(check_settings(settings));
  return line;
}

Status check_settings(const Settings& settings) {
  const std::string& prefix = settings.prefix;
  const auto allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-';
  };
  if (prefix.empty() || prefix.size() > kLongestPrefix || prefix.front() == '-' ||
      prefix.back() == '-' || !std::all_of(prefix.begin(), prefix.end(), allowed)) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("prefix '{}' must be 1 to {} letters, digits and, inside, "
                                        "hyphens",
                                        prefix, kLongestPrefix)};
  }
  if (!is_log_level(settings.log_level)) {
    return Error{
        .code = Errc::kInvalid,
        .message = fmt::format("log level '{}' is none of {}", settings.log_level, kLogLevels)};
  }
  return {};
}

}  // namespace egress::daemon

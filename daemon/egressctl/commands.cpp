// SPDX-License-Identifier: MIT
#include "egressctl/commands.hpp"

#include <fmt/format.h>

#include <charconv>

#include "egressctl/offline.hpp"

namespace egress::ctl {

CLI::App* add_command(CLI::App& app, const char* group, const char* name, const char* purpose,
                      const char* details) {
  CLI::App* command = app.add_subcommand(name, purpose);
  command->group(group);
  command->footer(details);
  return command;
}

Result<policy::AppInstance> parse_target(const std::string& text) {
  const size_t slash = text.find('/');
  policy::AppInstance app{.site = text.substr(0, slash)};
  bool well_formed = !app.site.empty();
  if (slash != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + slash + 1, end, app.instance);
    well_formed = well_formed && parsed.ec == std::errc() && parsed.ptr == end && app.instance >= 0;
  }
  if (well_formed) return app;
  return Error{.code = Errc::kInvalid,
               .message = fmt::format("'{}' is not of the form SITE or SITE/INSTANCE", text)};
}

CLI::Option* add_target(CLI::App& command, std::string& target) {
  return command.add_option("SITE[/INSTANCE]", target, "App, and which instance of it (default 0)")
      ->required()
      ->check(CLI::Validator(
          [](std::string& text) {
            const auto parsed = parse_target(text);
            return parsed.ok() ? std::string() : parsed.error().message;
          },
          ""));
}

std::string to_string(const policy::AppInstance& app) {
  return fmt::format("{}/{}", app.site, app.instance);
}

Failure with_names(Failure failure, const Client& client, const std::string& site,
                   const std::string& url) {
  if (failure.code == errc_name(Errc::kConflict) && failure.hint.empty()) {
    const Answer status = client.get("/v1/status");
    const Json* known = std::get_if<Json>(&status);
    if (known != nullptr && text_of(*known, "lab").empty()) {
      failure.hint = "apply one: egressctl apply FILE";
    }
    return failure;
  }
  if (failure.code != errc_name(Errc::kNotFound)) return failure;
  const Answer status = client.get("/v1/status");
  const Json* known = std::get_if<Json>(&status);
  if (known == nullptr) return failure;
  std::vector<std::string> sites;
  for (const Json& app : list_of(*known, "apps")) {
    if (number_of(app, "instance") == 0) sites.push_back(text_of(app, "site"));
  }
  std::vector<std::string> hosts;
  for (const Json& host : list_of(*known, "hosts")) hosts.push_back(text_of(host, "name"));
  failure.hint = hint_for_names(site, url, sites, hosts);
  return failure;
}

}  // namespace egress::ctl

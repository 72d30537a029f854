// SPDX-License-Identifier: MIT
#include "lifecycle/swap.hpp"

#include <algorithm>
#include <map>

#include "lab/document.hpp"
#include "lab/slots.hpp"
#include "lab/suggest.hpp"

namespace egress::lifecycle {
namespace {

using lab::Document;
using Settings = std::map<std::string, std::string>;
using Verb = lab::Edit::Verb;

// What the site at `path` has under `key` becomes `is`; empty: nothing.
Status replace(const std::string& path, const char* key, const Document& was, const Document& is,
               Edits& edits) {
  if (was == is) return {};
  const std::string at = path + "." + key;
  if (is.empty()) {
    edits.edits.push_back({Verb::kDelete, at, {}});
    return {};
  }
  ASSIGN_OR_RETURN(std::string text, lab::text_of(is, -1));
  edits.edits.push_back({Verb::kPut, at, std::move(text)});
  return {};
}

// Names of app settings are told apart as Azure does, without regard to case.
bool is_own(const std::string& setting, const std::vector<std::string>& own) {
  return std::any_of(own.begin(), own.end(), [&](const std::string& name) {
    return lab::equal_ignoring_case(name, setting);
  });
}

Document document_of(const Settings& settings) {
  return settings.empty() ? Document::object() : Document(settings);
}

// The settings of one side once it has those of the other.
Document settings_after(const Settings& here, const Settings& there,
                        const std::vector<std::string>& own) {
  Settings after;
  for (const auto& [name, value] : there) {
    if (!is_own(name, own)) after.emplace(name, value);
  }
  for (const auto& [name, value] : here) {
    if (is_own(name, own)) after.emplace(name, value);
  }
  return document_of(after);
}

Status take_over(const std::string& path, const lab::Site& here, const lab::Site& there,
                 const std::vector<std::string>& own, Edits& edits) {
  const auto text = [](const std::string& value) {
    return value.empty() ? Document() : Document(value);
  };
  RETURN_IF_ERROR(replace(path, "linuxFxVersion", text(here.linux_fx_version),
                          text(there.linux_fx_version), edits));
  RETURN_IF_ERROR(replace(path, "dependencies", Document(here.dependencies),
                          Document(there.dependencies), edits));
  return replace(path, "appSettings", document_of(here.app_settings),
                 settings_after(here.app_settings, there.app_settings, own), edits);
}

}  // namespace

Result<Edits> edits_of_swap(const lab::Lab& lab, const std::string& app, const std::string& slot) {
  const lab::Site& one = lab.sites.at(app);
  const lab::Site& other = lab.sites.at(slot);
  Edits edits;
  RETURN_IF_ERROR(
      take_over(lab::path_of_site(lab, app), one, other, one.slot_setting_names, edits));
  RETURN_IF_ERROR(
      take_over(lab::path_of_site(lab, slot), other, one, one.slot_setting_names, edits));
  return edits;
}

}  // namespace egress::lifecycle

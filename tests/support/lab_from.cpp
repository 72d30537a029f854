// SPDX-License-Identifier: MIT
#include "tests/support/lab_from.hpp"

#include <stdexcept>

#include "ipam/leases.hpp"
#include "lab/edit.hpp"
#include "lab/load.hpp"
#include "tests/support/values.hpp"

namespace egress::testing_support {
namespace {

Result<std::string> no_file(const std::string& path) {
  return Error{.code = Errc::kNotFound, .message = path + " is not there"};
}

lab::Lab taken(lab::Loaded loaded) {
  if (loaded.lab) return std::move(*loaded.lab);
  std::string text;
  for (const lab::Finding& finding : loaded.findings) text += finding.to_string() + "\n";
  throw std::invalid_argument(text);
}

}  // namespace

lab::Lab lab_from(const std::string& yaml) {
  return taken(lab::load(yaml, "lab.yaml", no_file));
}

lab::Lab lab_in(const std::string& file) {
  return taken(lab::load_file(file));
}

lab::Lab with(const lab::Lab& lab, const std::string& yaml) {
  lab::Lab changed =
      taken(lab::edit(lab, {{.verb = lab::Edit::Verb::kPatch, .value = yaml}}, no_file));
  if (changed.service_tags_file.empty()) changed.service_tags = lab.service_tags;
  return changed;
}

lab::IntegrationAddresses leases_of(const lab::Lab& lab, const lab::Instances& instances) {
  return ipam::first_addresses(lab, instances).value();
}

lab::Lab contract_lab() {
  return lab_in(LAB_EXAMPLES "/contract.yaml");
}

std::shared_ptr<const lab::ServiceTags> service_tags(
    const std::map<std::string, std::vector<std::string>>& tags) {
  auto all = std::make_shared<lab::ServiceTags>();
  for (const auto& [name, texts] : tags) {
    std::vector<Ipv4Prefix> prefixes;
    for (const std::string& text : texts) prefixes.push_back(prefix(text));
    const size_t dot = name.find('.');
    (*all)[name] = {.region = dot == std::string::npos ? "" : name.substr(dot + 1),
                    .addresses = address_set(prefixes)};
  }
  return all;
}

}  // namespace egress::testing_support

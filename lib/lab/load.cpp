// SPDX-License-Identifier: MIT
#include "lab/load.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "base/unique_fd.hpp"
#include "lab/check/checks.hpp"
#include "lab/limits.hpp"
#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

// Null when the lab names no file; nothing when it could not be read, which leaves a finding.
std::optional<std::shared_ptr<const ServiceTags>> read_service_tags(Reader& reader,
                                                                    const MaybeValue& value,
                                                                    const ReadFile& read_file) {
  if (!value) return std::shared_ptr<const ServiceTags>{};
  const auto path = reader.text(*value);
  if (!path) return std::nullopt;
  const auto text = read_file(*path);
  if (!text) {
    reader.fail(*value, "unreadable-file",
                fmt::format("cannot read '{}': {}", shown(*path), text.error().to_string()));
    return std::nullopt;
  }
  auto tags = parse_service_tags(*text);
  if (!tags) {
    reader.fail(
        *value, "service-tag-file",
        fmt::format("'{}' is not a service tag file: {}", shown(*path), tags.error().message));
    return std::nullopt;
  }
  return std::make_shared<const ServiceTags>(std::move(tags).value());
}

Lab read_lab(Reader& reader, const Value& root, const ReadFile& read_file) {
  ObjectReader object(reader, root, ObjectType::kLab);
  Lab lab;
  if (const auto location = object.at("location")) {
    lab.location = read_location(reader, *location).value_or(lab.location);
  }
  lab.outbound_ip_addresses = reader.list(object.at("outboundIpAddresses"), &Reader::address);
  object.word_into(lab.address_allocation, "addressAllocation", address_allocations());
  const auto declared = read_service_tags(reader, object.at("serviceTags"), read_file);
  lab.service_tags = declared.value_or(nullptr);
  const TagNames names(lab.service_tags.get());
  const TagNames* tags = declared ? &names : nullptr;
  read_virtual_networks(reader, object.at("virtualNetworks"), lab);
  read_network_security_groups(reader, object.at("networkSecurityGroups"), tags, lab);
  read_route_tables(reader, object.at("routeTables"), tags, lab);
  read_application_security_groups(reader, object.at("applicationSecurityGroups"), lab);
  read_server_farms(reader, object.at("serverFarms"), lab);
  read_sites(reader, object.at("sites"), lab);
  read_hosts(reader, object.at("hosts"), lab);
  read_expectations(reader, object.at("expectations"), lab);
  return lab;
}

void add_checked(const YamlTree& tree, std::vector<Check> checks, Findings& findings) {
  for (Check& check : checks) {
    bool trusted = true;
    for (const std::string& path : check.rests_on) trusted = trusted && findings.trusts(path);
    if (!trusted) continue;
    Finding& finding = check.finding;
    const Mark mark = findings.full() ? Mark{} : find_place(tree, finding.path);
    findings.add(finding.severity, mark, std::move(finding.path), std::move(finding.code),
                 std::move(finding.message), std::move(finding.hint));
  }
}

// Never waits: neither for a pipe's writer nor for what a file of the kernel may have to say.
Result<std::string> read_bounded(const std::filesystem::path& path, size_t limit) {
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(path, failure);
  if (std::filesystem::is_directory(status)) {
    return Error{.code = Errc::kInvalid, .message = "it is a folder"};
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return Error{.code = Errc::kInvalid, .message = "it is a pipe, a device or a socket"};
  }
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return Error::from_errno({});
  // One piece more than allowed may be read: whoever parses the text sees that it is too long.
  std::string text;
  std::array<char, size_t{1} << 16U> piece{};
  while (text.size() <= limit) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::from_errno({});
    if (got == 0) break;
    text.append(piece.data(), static_cast<size_t>(got));
  }
  return text;
}

}  // namespace

Loaded load(const std::string& text, const std::string& file, const ReadFile& read_file) {
  Findings findings(file);
  const YamlTree tree = parse_yaml(text);
  if (tree.problem) {
    findings.add(Severity::kError, tree.problem->mark, {}, tree.problem->code,
                 tree.problem->message, {});
    return {.findings = std::move(findings).sorted()};
  }
  if (tree.root->kind == YamlKind::kNull) {
    findings.add(Severity::kError, tree.mark, {}, "empty", "the file holds no lab",
                 "write {} for an empty one");
    return {.findings = std::move(findings).sorted()};
  }
  Reader reader(findings);
  Lab lab = read_lab(reader, Value{tree.root.get(), tree.mark, {}, {}, tree.mark}, read_file);
  add_checked(tree, checks_of(lab), findings);
  const bool refused = findings.any_error();
  Loaded loaded{.findings = std::move(findings).sorted()};
  if (!refused) loaded.lab = std::move(lab);
  return loaded;
}

std::vector<std::string> referenced_files(const std::string& text) {
  const YamlTree tree = parse_yaml(text);
  if (!tree.root) return {};
  for (const YamlItem& entry : tree.root->items) {
    // A key that stands there again is refused by the loader, and its files need not be read.
    if (entry.key == "serviceTags" && entry.node->kind == YamlKind::kScalar) {
      return {entry.node->text};
    }
  }
  return {};
}

ReadFile reader_beside(const std::string& lab_file) {
  const std::filesystem::path folder = std::filesystem::path(lab_file).parent_path();
  return [folder](const std::string& path) {
    return read_bounded(folder / path, kMaxServiceTagBytes);
  };
}

Loaded load_file(const std::string& path) {
  const auto text = read_bounded(path, kMaxFileBytes);
  if (text) return load(*text, path, reader_beside(path));
  return {.findings = {{.file = path,
                        .code = "unreadable-file",
                        .message = "cannot read it: " + text.error().to_string()}}};
}

}  // namespace egress::lab

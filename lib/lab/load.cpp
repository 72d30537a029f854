// SPDX-License-Identifier: MIT
#include "lab/load.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "base/unique_fd.hpp"
#include "lab/limits.hpp"
#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

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
  const YamlTree tree = parse_yaml(text);
  if (!tree.problem) return read_lab(tree, file, read_file, nullptr);
  Findings findings(file);
  findings.add(
      tree.problem->mark,
      {.code = tree.problem->code, .message = tree.problem->message, .hint = tree.problem->hint});
  return {.findings = std::move(findings).sorted()};
}

std::optional<std::string> service_tags_file(const std::string& text) {
  const YamlTree tree = parse_yaml(text);
  if (!tree.root) return std::nullopt;
  for (const YamlItem& entry : tree.root->items) {
    // A key that stands there again is refused by the loader, and its file need not be read.
    if (entry.key == "serviceTags" && entry.node->kind == YamlKind::kScalar) {
      return entry.node->text;
    }
  }
  return std::nullopt;
}

bool any_error(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::kError; });
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

LabText with_files(std::string file, std::string text, const ReadFile& read) {
  LabText lab{.file = std::move(file), .text = std::move(text)};
  if (const auto named = service_tags_file(lab.text)) {
    if (Result<std::string> content = read(*named); content.ok()) {
      lab.files.emplace(*named, std::move(*content));
    }
  }
  return lab;
}

Result<LabText> read_lab_text(const std::string& path) {
  const ReadFile read = reader_beside(path);
  Result<std::string> text = read(std::filesystem::path(path).filename().string());
  if (!text.ok()) return std::move(text).error().in("read " + path);
  return with_files(path, std::move(*text), read);
}

Loaded load(const LabText& text) {
  return load(text.text, text.file, [&](const std::string& path) -> Result<std::string> {
    const auto found = text.files.find(path);
    if (found != text.files.end()) return found->second;
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("'{}' was not sent with the lab", shown(path))};
  });
}

}  // namespace egress::lab

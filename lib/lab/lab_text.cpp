// SPDX-License-Identifier: MIT
#include "lab/lab_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "lab/suggest.hpp"

namespace egress::lab {

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

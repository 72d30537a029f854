// SPDX-License-Identifier: MIT
#include "egressctl/lab_source.hpp"

#include <filesystem>
#include <iostream>
#include <iterator>

#include "lab/limits.hpp"

namespace egress::ctl {

namespace {

constexpr const char* kStandardInput = "<stdin>";

// One byte more than a lab may have: the loader then refuses it, and no endless input fills memory.
std::string read_standard_input() {
  std::string text(lab::kMaxFileBytes + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::cin.gcount()));
  return text;
}

}  // namespace

Result<LabSource> LabSource::read(const std::string& path) {
  if (path == "-") {
    return LabSource({kStandardInput, read_standard_input()}, lab::reader_beside("./-"));
  }
  lab::ReadFile read_file = lab::reader_beside(path);
  Result<std::string> text = read_file(std::filesystem::path(path).filename().string());
  if (!text.ok()) return std::move(text).error().in("read " + path);
  return LabSource({path, std::move(*text)}, std::move(read_file));
}

control::LabText LabSource::with_files() const {
  control::LabText lab{.file = source_.file, .text = source_.text};
  for (const std::string& named : lab::referenced_files(source_.text)) {
    if (Result<std::string> text = read_file_(named); text.ok()) {
      lab.files.emplace(named, std::move(*text));
    }
  }
  return lab;
}

}  // namespace egress::ctl

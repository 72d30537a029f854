// SPDX-License-Identifier: MIT
#include "egressctl/lab_source.hpp"

#include <cerrno>
#include <fstream>
#include <iostream>

#include "compile/size.hpp"
#include "lab/limits.hpp"
#include "policy/network_rules.hpp"

namespace egress::ctl {

namespace {

constexpr const char* kStandardInput = "<stdin>";

// One byte more than a lab may have: the loader then refuses it, and no endless input fills memory.
std::string read_bounded(std::istream& input) {
  std::string text(lab::kMaxFileBytes + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(input.gcount()));
  return text;
}

}  // namespace

Result<LabSource> LabSource::read(const std::string& path) {
  if (path == "-") {
    return LabSource({kStandardInput, read_bounded(std::cin)}, lab::reader_beside("./-"));
  }
  // A pipe of the user's own will do; what the lab names is a file.
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text = read_bounded(stream);
  if (!stream.is_open() || stream.bad()) return Error::from_errno("read " + path);
  return LabSource({path, std::move(text)}, lab::reader_beside(path));
}

lab::Loaded LabSource::load() const {
  lab::Loaded loaded =
      compile::within(lab::load(source_.text, source_.file, read_file_), {}, source_.file);
  if (!loaded.lab) return loaded;
  const auto nameless = policy::fqdns_without_address(*loaded.lab, source_.file);
  loaded.findings.insert(loaded.findings.end(), nameless.begin(), nameless.end());
  return loaded;
}

lab::LabText LabSource::with_files() const {
  return lab::with_files(source_.file, source_.text, read_file_);
}

}  // namespace egress::ctl

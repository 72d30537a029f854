// SPDX-License-Identifier: MIT
#pragma once

// A lab file as the user names it: a path, or "-" for standard input. What it refers to is read
// from beside it, or from the working directory.

#include <string>

#include "base/result.hpp"
#include "egressctl/render/render.hpp"
#include "lab/load.hpp"

namespace egress::ctl {

class LabSource {
 public:
  static Result<LabSource> read(const std::string& path);

  const Source& source() const { return source_; }
  // Without a lab, too, when it is larger than the limits that a daemon has by default.
  lab::Loaded load() const;
  // What travels to the daemon.
  lab::LabText with_files() const;

 private:
  LabSource(Source source, lab::ReadFile read_file)
      : source_(std::move(source)), read_file_(std::move(read_file)) {}

  Source source_;
  lab::ReadFile read_file_;
};

}  // namespace egress::ctl

// SPDX-License-Identifier: MIT
#pragma once

// Where a command's words go: results to stdout, everything else to stderr, both in the format and
// the looks that were asked for.

#include <string>

#include "egressctl/answer.hpp"
#include "egressctl/render/render.hpp"
#include "egressctl/terminal.hpp"

namespace egress::ctl {

enum class Format { kTable, kJson };

class Console {
 public:
  Console(Format format, const Screen& out, const Screen& err)
      : format_(format), out_(out), err_(err) {}

  bool json() const { return format_ == Format::kJson; }
  const Screen& out() const { return out_; }
  const Screen& err() const { return err_; }

  void print(const std::string& text) const;  // a result
  void print(const Json& document) const;
  // The one or the other, as the format wants it.
  void print(const Json& document, const std::string& text) const;
  void note(const std::string& text) const;  // anything else

  // Says why, and gives `exit` back. Findings show their places in `source`.
  int fail(const Failure& failure, int exit, const Source& source = {}) const;

 private:
  Format format_;
  Screen out_;
  Screen err_;
};

}  // namespace egress::ctl

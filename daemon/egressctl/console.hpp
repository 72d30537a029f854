// SPDX-License-Identifier: MIT
#pragma once

// Where a command's words go: results to stdout, everything else to stderr, both in the format and
// the looks that were asked for.

#include <string>

#include "egressctl/answer.hpp"
#include "egressctl/render/render.hpp"
#include "egressctl/terminal.hpp"

namespace egress::ctl {

// Text as wide as the terminal, or as wide as it is; a document; or the names of what a document
// lists, one a line.
enum class Format { kTable, kWide, kJson, kYaml, kName };

// What "-o" takes.
struct FormatWord {
  const char* word;
  Format format;
};
inline constexpr FormatWord kFormats[] = {{"table", Format::kTable},
                                          {"wide", Format::kWide},
                                          {"json", Format::kJson},
                                          {"yaml", Format::kYaml},
                                          {"name", Format::kName}};

class Console {
 public:
  Console(Format format, const Screen& out, const Screen& err, bool verbose = false)
      : format_(format), out_(out), err_(err), verbose_(verbose) {
    if (format == Format::kWide) out_.columns = 0;
  }

  // Programs read what is printed.
  bool is_for_machines() const { return format_ != Format::kTable && format_ != Format::kWide; }
  // It is one of documents, JSON or YAML.
  bool prints_documents() const { return format_ == Format::kJson || format_ == Format::kYaml; }
  // Of many lines with one cause, all.
  bool verbose() const { return verbose_; }
  const Screen& out() const { return out_; }
  const Screen& err() const { return err_; }

  void print(const std::string& text) const;  // a result
  void print(const Json& document) const;
  // One of many documents, each of them a line, or in YAML a document of its own.
  void print_next(const Json& document) const;
  // The one or the other, as the format wants it.
  void print(const Json& document, const std::string& text) const;
  void note(const std::string& text) const;  // anything else

  // Says why, and gives `exit` back. Findings show their places in `source`.
  int fail(const Failure& failure, int exit, const Source& source = {}) const;

 private:
  Format format_;
  Screen out_;
  Screen err_;
  bool verbose_ = false;
};

}  // namespace egress::ctl

// SPDX-License-Identifier: MIT
#pragma once

// The findings of one run, with what they make unreliable: a rule about an object whose relevant
// part could not be read would only repeat the first finding in other words.

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lab/load.hpp"
#include "lab/read/yaml_tree.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {

// Stands for what a top-level key declares that nobody knows.
inline constexpr const char* kUnknownSection = "?";

class Findings {
 public:
  explicit Findings(const std::string& file) : file_(shown(file, kMaxFileName)) {}

  // `finding` is completed with the file and its place.
  void add(Mark mark, Finding finding);
  // What stands at `path` was not read as the user meant it.
  void distrust(std::string path);
  // False when `path`, something in it or something it is part of was not read.
  bool trusts(const std::string& path) const;

  bool any_error() const { return error_; }
  bool wants_suggestions() const;
  // Whatever is added from now on is only counted.
  bool full() const;
  // In file order. Past kMaxFindings they are only counted.
  std::vector<Finding> sorted() &&;

 private:
  std::string file_;
  std::vector<Finding> findings_{};
  std::set<std::pair<Mark, std::string>> told_{};
  Names distrusted_{};
  size_t not_shown_ = 0;
  bool error_ = false;
};

}  // namespace egress::lab

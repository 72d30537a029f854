// SPDX-License-Identifier: MIT
#include "tests/unit/lab/wrong_labs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

constexpr const char* kSeparator = "---\n";

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  std::istringstream stream(text);
  Lines lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// What stands in the base, and what in its place.
struct Place {
  Lines before{};
  Lines after{};
};

std::vector<Place> places_of(const std::string& changes) {
  std::vector<Place> places(1);
  for (const std::string& line : lines_of(changes)) {
    if (line.empty()) {
      places.emplace_back();
      continue;
    }
    if (line.front() != '+') places.back().before.push_back(line.substr(1));
    if (line.front() != '-') places.back().after.push_back(line.substr(1));
  }
  return places;
}

std::string changed(const std::string& base, const std::string& changes) {
  const std::vector<Place> places = places_of(changes);
  if (places.size() == 1 && places[0].before.empty()) return joined(places[0].after);
  Lines lines = lines_of(base);
  auto from = lines.begin();
  for (const Place& place : places) {
    const auto found = std::search(from, lines.end(), place.before.begin(), place.before.end());
    if (found == lines.end()) {
      ADD_FAILURE() << "the base has no\n" << joined(place.before);
      break;
    }
    const auto rest = lines.erase(found, found + static_cast<std::ptrdiff_t>(place.before.size()));
    from = lines.insert(rest, place.after.begin(), place.after.end()) +
           static_cast<std::ptrdiff_t>(place.after.size());
  }
  return joined(lines);
}

}  // namespace

WrongLab read_wrong_lab(const std::string& path) {
  const std::string all = read_file(path);
  const size_t end = all.starts_with(kSeparator) ? 0 : all.find(std::string("\n") + kSeparator) + 1;
  WrongLab lab{.expected = all.substr(0, end), .changes = all.substr(end + 4)};
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  lab.text = changed(read_file(folder / "base.yaml"), lab.changes);
  return lab;
}

}  // namespace egress::lab

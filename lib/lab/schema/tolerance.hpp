// SPDX-License-Identifier: MIT
#pragma once

// What the table of tolerated.hpp is made of.

#include "lab/schema/tolerated.hpp"

namespace egress::lab {

// Of which Azure's default is false, or true.
inline Tolerated off(const char* name) {
  return {.name = name, .defaults = {"false"}};
}
inline Tolerated on(const char* name) {
  return {.name = name, .defaults = {"true"}};
}
// Whatever it says is more than the default does.
inline Tolerated nothing(const char* name) {
  return {.name = name};
}
inline Tolerated usually(const char* name, std::vector<std::string> defaults) {
  return {.name = name, .defaults = std::move(defaults)};
}
inline Tolerated told(const char* name) {
  return {.name = name, .tolerance = Tolerance::kReadOnly};
}
// Concerns nothing that a network sees.
inline Tolerated apart(const char* name) {
  return {.name = name, .tolerance = Tolerance::kNoNetwork};
}

inline std::vector<Tolerated> told_all(std::initializer_list<const char*> names) {
  std::vector<Tolerated> all;
  for (const char* name : names) all.push_back(told(name));
  return all;
}
inline std::vector<Tolerated> apart_all(std::initializer_list<const char*> names) {
  std::vector<Tolerated> all;
  for (const char* name : names) all.push_back(apart(name));
  return all;
}

// What every child of a resource has, every resource, and those that the lab gives no region.
std::vector<Tolerated> of_children();
std::vector<Tolerated> of_resources();
std::vector<Tolerated> of_resources_with_region();

inline std::vector<Tolerated> operator+(std::vector<Tolerated> all,
                                        const std::vector<Tolerated>& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace egress::lab

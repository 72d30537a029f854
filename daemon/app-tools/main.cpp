// SPDX-License-Identifier: MIT
// app-tools: the program behind the names in app-bin.

#include <cstdio>
#include <filesystem>

#include "app-tools/tools.hpp"

int main(int argc, char** argv) {
  using namespace egress::app_tools;
  Arguments arguments(argv, argv + argc);
  if (arguments.empty()) return kUsage;
  const std::string name = std::filesystem::path(arguments.front()).filename();
  arguments.erase(arguments.begin());
  if (name == "tcpping") return tcpping(arguments);
  if (name == "nameresolver") return nameresolver(arguments);
  std::fprintf(stderr, "%s: call it by the name of one of the tools in app-bin\n", name.c_str());
  return kUsage;
}

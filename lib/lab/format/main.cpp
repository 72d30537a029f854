// SPDX-License-Identifier: MIT

// Writes what the format's description says to standard output: "schema" the JSON Schema, "manual"
// the man page whose text comes by standard input.

#include <iostream>
#include <iterator>
#include <string>

#include "lab/format/format.hpp"

int main(int count, char** arguments) {
  const std::string what = count == 2 ? arguments[1] : "";
  if (what == "schema") {
    std::cout << egress::lab::json_schema();
  } else if (what == "manual") {
    const std::string page{std::istreambuf_iterator<char>(std::cin), {}};
    std::cout << egress::lab::with_tables(page);
  } else {
    std::cerr << "usage: lab-format schema|manual\n";
    return 2;
  }
  return std::cout.flush() ? 0 : 1;
}

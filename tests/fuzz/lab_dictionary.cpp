// SPDX-License-Identifier: MIT

// Prints the words of the lab language in libFuzzer's form: keys and spellings from lab/schema,
// and what stands for the values that have a form of their own.

#include <cstdio>
#include <set>
#include <string>

#include "lab/schema/schema.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/service_tags.hpp"

namespace egress::lab {
namespace {

std::set<std::string> words() {
  std::set<std::string> all = {"0.0.0.0/0",   "10.0.0.0/16",   "10.0.0.4",
                               "10.1.0.0/24", "168.63.129.16", "203.0.113.80",
                               "20.50.1.4",   "true",          "false",
                               "null",        "1-65535",       "443",
                               "tcp/443",     "udp/53",        "tcp://10.0.0.4:443",
                               "icmp://h",    "20ms",          "1%",
                               "100mbit",     "1h30m",         "v/s",
                               "*x",          "&x ",           "<<: ",
                               "!!str ",      "%TAG ! x\n---", "# service tags",
                               "|\n ",        ">-\n ",         kServerFarmsDelegation};
  for (const ObjectSchema& object : object_schemas()) {
    for (const Property& key : object.properties) {
      all.insert(key.name + ": ");
      all.insert(key.words.begin(), key.words.end());
    }
  }
  for (const std::string& tag : built_in_tags()) all.insert(tag);
  for (const std::string& key : reserved_keys()) all.insert(key + ": ");
  for (const Sku& sku : skus()) all.insert(sku.name);
  return all;
}

void print(const std::string& word) {
  std::putchar('"');
  for (const char c : word) {
    if (c == '\n') {
      std::fputs("\\x0a", stdout);
    } else {
      if (c == '"' || c == '\\') std::putchar('\\');
      std::putchar(c);
    }
  }
  std::puts("\"");
}

}  // namespace
}  // namespace egress::lab

int main() {
  for (const std::string& word : egress::lab::words()) egress::lab::print(word);
}

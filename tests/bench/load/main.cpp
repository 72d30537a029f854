// SPDX-License-Identifier: MIT
// egress-load: measures one cell and prints it as a line of JSON. scripts/bench runs it once per
// cell, inside the namespaces of the labs that it compares.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/bench/load/load.hpp"

namespace egress::load {
namespace {

using Measurement = Result<Measured> (*)(const Cell&);
const std::map<std::string, Measurement> kMeasurements = {
    {"rr", round_trips}, {"crr", connections}, {"exchanges", exchanges},
    {"upps", datagrams}, {"bulk", bulk},       {"paced", paced}};

Result<nlohmann::json> measure(const std::string& what, const Cell& cell) {
  if (what == "look") {
    ASSIGN_OR_RETURN(const Seen seen, look(cell));
    return nlohmann::json{{"source", seen.source.to_string()},
                          {"hopsThere", seen.hops_there},
                          {"hopsBack", seen.hops_back}};
  }
  ASSIGN_OR_RETURN(const Measured measured, kMeasurements.at(what)(cell));
  return nlohmann::json{{"count", measured.count},
                        {"sent", measured.sent},
                        {"seconds", measured.seconds.count()},
                        {"busySeconds", measured.busy.count()}};
}

int run(int argc, char** argv) {
  CLI::App app("What crosses a path between two network namespaces in a given processor time",
               "egress-load");
  Cell cell;
  std::string what;
  std::string address;
  int64_t milliseconds = cell.share.count();
  app.add_option("WHAT", what,
                 "rr, crr, exchanges, upps, bulk, paced; look: the way one datagram takes")
      ->required()
      ->check(CLI::IsMember({"rr", "crr", "exchanges", "upps", "bulk", "paced", "look"}));
  app.add_option("--client", cell.client_netns, "Namespace file of the client")->required();
  app.add_option("--server", cell.server_netns, "Namespace file of the server")->required();
  app.add_option("--address", address, "The server's address")->required();
  app.add_option("--port", cell.port, "The first of the 16 ports that the server may use")
      ->required();
  app.add_option("--milliseconds", milliseconds,
                 "Processor time of the cell; of paced how long it takes")
      ->check(CLI::Range(1, 60'000));
  app.add_option("--cpu", cell.cpu, "Processor of both");
  CLI11_PARSE(app, argc, argv);

  cell.share = std::chrono::milliseconds(milliseconds);
  const auto parsed = Ipv4Address::parse(address);
  if (!parsed.ok()) {
    std::fprintf(stderr, "egress-load: %s\n", parsed.error().to_string().c_str());
    return 2;
  }
  cell.address = *parsed;
  const auto result = measure(what, cell);
  if (!result.ok()) {
    std::fprintf(stderr, "egress-load: %s: %s\n", what.c_str(), result.error().to_string().c_str());
    return 1;
  }
  std::puts(result->dump().c_str());
  return 0;
}

}  // namespace
}  // namespace egress::load

int main(int argc, char** argv) {
  try {
    return egress::load::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "egress-load: %s\n", error.what());
    return 1;
  }
}

// SPDX-License-Identifier: MIT
#include "tests/crash/operation.hpp"

#include <algorithm>
#include <filesystem>

#include "control/messages.hpp"
#include "egressctl/lab_source.hpp"

namespace egress::crash {

Result<std::vector<LabPointer>> load_labs(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<LabPointer> labs;
  for (const auto& path : paths) {
    ASSIGN_OR_RETURN(const ctl::LabSource source, ctl::LabSource::read(path.string()));
    lab::Loaded loaded = source.load();
    if (!loaded.lab) {
      return Error{.code = Errc::kInvalid, .message = path.string() + " does not load"};
    }
    labs.push_back(std::make_shared<const LabFile>(
        LabFile{path.stem().string(), source.with_files(), *std::move(loaded.lab)}));
  }
  return labs;
}

std::string to_text(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kApply: return "apply " + operation.target->name;
    case OperationKind::kRestart: return "restart";
    case OperationKind::kTraffic: return "traffic";
    case OperationKind::kChange: return lifecycle::name_of(*operation.change);
    case OperationKind::kDown: return "down";
    case OperationKind::kStart: break;
  }
  return "start";
}

ctl::Answer perform(const ctl::Client& client, const Operation& operation) {
  const auto ignored = [](const ctl::Json&) {};
  const std::string site = "/v1/sites/" + operation.site;
  switch (operation.kind) {
    case OperationKind::kApply:
      return client.run("/v1/apply", control::to_json(operation.target->text), ignored);
    case OperationKind::kRestart:
      return client.run(site + "/restart", ctl::Json::object(), ignored);
    case OperationKind::kTraffic:
      return client.run(site + "/traffic",
                        control::to_json(control::TrafficRequest{lab::TrafficClass::kKeyVault}),
                        ignored);
    case OperationKind::kChange:
      return client.run("/v1/operations",
                        control::to_json(control::OperationRequest{*operation.change}), ignored);
    case OperationKind::kDown:
    case OperationKind::kStart: break;
  }
  return client.run("/v1/down", ctl::Json::object(), ignored);
}

}  // namespace egress::crash

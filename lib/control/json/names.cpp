// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "control/json.hpp"
#include "control/json/values.hpp"

namespace egress::control {

namespace {

Json record_json(const policy::Record& record) {
  const policy::AnswerSource& source = record.source;
  const bool in_zone = source.kind == policy::AnswerSource::Kind::kZone;
  return {{"name", record.name},
          {"type", policy::to_text(record.type)},
          {"ttl", record.ttl},
          {"data", policy::data_text(record)},
          {"zone", in_zone ? Json(source.zone) : Json(nullptr)},
          {"link", text_or_null(source.link)}};
}

Json server_json(const policy::ServerAnswer& server) {
  return {{"server", server.server.to_string()},
          {"status", lab::name_of(server.status)},
          {"chain", array_of(server.answer.records, record_json)},
          {"reason", server.reason}};
}

Json answered_by(const policy::Resolution& resolution) {
  if (!resolution.answered_by) return nullptr;
  return resolution.servers[*resolution.answered_by].server.to_string();
}

Json dependency_json(const inspect::Dependency& dependency) {
  Json json = {{"url", dependency.url},
               {"why", dependency.why},
               {"ok", dependency.ok ? Json(*dependency.ok) : Json(nullptr)},
               {"blockedBy", nullptr},
               {"sees", nullptr},
               {"explanation", nullptr}};
  if (!dependency.explanation) {
    json["sees"] = dependency.problem;
    return json;
  }
  if (dependency.ok == false) {
    const policy::DecidedBy by = inspect::blocked_by(dependency);
    json["blockedBy"] = {{"stage", policy::name_of(by.stage)}, {"name", by.name}};
  }
  json["sees"] = dependency.ok ? dependency.explanation->sees : "not in this lab";
  json["explanation"] = to_json(*dependency.explanation);
  return json;
}

}  // namespace

Json warnings_json(const policy::Resolution& resolution) {
  Json warnings = Json::array();
  if (!resolution.settings.note.empty()) warnings.push_back(resolution.settings.note);
  if (!resolution.suggestion.empty()) {
    warnings.push_back(fmt::format("nothing in the lab has the name '{}'; did you mean '{}'?",
                                   resolution.name, resolution.suggestion));
  }
  return warnings;
}

Json to_json(const policy::Resolution& resolution) {
  return {{"name", resolution.name},
          {"type", policy::to_text(resolution.type)},
          {"status", lab::name_of(resolution.status)},
          {"addresses", addresses_json(resolution.addresses)},
          {"servers", array_of(resolution.servers, server_json)},
          {"answeredBy", answered_by(resolution)},
          {"seconds", resolution.seconds},
          {"warnings", warnings_json(resolution)}};
}

Json to_json(const policy::Resolution& resolution, const inspect::LookupSeen& seen,
             const std::vector<std::string>& differences) {
  Json json = to_json(resolution);
  json["observed"] = {{"answered", seen.answered},
                      {"responseCode", seen.answered ? Json(seen.rcode) : Json(nullptr)},
                      {"addresses", addresses_json(seen.addresses)},
                      {"agrees", differences.empty()},
                      {"differences", differences}};
  return json;
}

Json to_json(const std::vector<inspect::Dependency>& dependencies) {
  return {{"dependencies", array_of(dependencies, dependency_json)}};
}

}  // namespace egress::control

// SPDX-License-Identifier: MIT
#include "control/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <limits>
#include <nlohmann/json.hpp>

#include "control/bodies.hpp"
#include "control/json/values.hpp"

namespace egress::control {

namespace {

// It goes into messages, the log and systemd's status, a line each.
bool is_file_name(const std::string& text) {
  return text.size() <= PATH_MAX && std::none_of(text.begin(), text.end(), [](unsigned char byte) {
           return byte < 0x20 || byte == 0x7f;
         });
}

}  // namespace

Json to_json(const lab::LabText& lab) {
  Json files = Json::object();
  for (const auto& [path, text] : lab.files) files[path] = text;
  return {{"file", lab.file}, {"text", lab.text}, {"files", files}};
}

Result<lab::LabText> parse_lab_text(const std::string& body) {
  ASSIGN_OR_RETURN(const nlohmann::json json, parse_object(body));
  lab::LabText lab;
  ASSIGN_OR_RETURN(lab.file, text_of(json, "file"));
  if (!is_file_name(lab.file)) {
    return wrong(fmt::format(
        "\"file\" must be a path of at most {} bytes without control characters", PATH_MAX));
  }
  ASSIGN_OR_RETURN(lab.text, text_of(json, "text"));
  const auto files = json.find("files");
  if (files == json.end()) return lab;
  if (!files->is_object()) return wrong("\"files\" must be an object of texts by path");
  for (const auto& [path, text] : files->items()) {
    if (!text.is_string()) return wrong(fmt::format("file \"{}\" must be a text", path));
    lab.files.emplace(path, text.get<std::string>());
  }
  return lab;
}

namespace {

// {"host"}, or {"site", "instance", "traffic"}, of which the last two may be missing.
Result<lab::Sender> sender_of(const nlohmann::json& json) {
  lab::Sender sender;
  if (json.contains("host")) {
    ASSIGN_OR_RETURN(sender.host, text_of(json, "host"));
    const bool more =
        json.contains("site") || json.contains("instance") || json.contains("traffic");
    if (more) return wrong("a host has no site, instance or class of traffic");
    if (sender.host.empty()) return wrong("\"host\" must be the name of a host");
    return sender;
  }
  ASSIGN_OR_RETURN(sender.site, text_of(json, "site"));
  ASSIGN_OR_RETURN(const int64_t instance,
                   integer_of(json, "instance", 0, std::numeric_limits<int>::max()));
  sender.instance = static_cast<int>(instance);
  if (json.contains("traffic")) {
    ASSIGN_OR_RETURN(const std::string word, text_of(json, "traffic"));
    ASSIGN_OR_RETURN(sender.traffic, parse_traffic(word));
  }
  return sender;
}

}  // namespace

Json to_json(const ExplainRequest& request) {
  Json json = sender_json(request.app);
  json["url"] = request.url;
  json["verify"] = request.verify;
  if (request.source_port) json["sourcePort"] = *request.source_port;
  return json;
}

Result<ExplainRequest> parse_explain_request(const std::string& body) {
  ASSIGN_OR_RETURN(const nlohmann::json json, parse_object(body));
  ExplainRequest request;
  ASSIGN_OR_RETURN(request.app, sender_of(json));
  ASSIGN_OR_RETURN(request.url, text_of(json, "url"));
  if (json.contains("sourcePort")) {
    ASSIGN_OR_RETURN(const int64_t port,
                     integer_of(json, "sourcePort", 0, std::numeric_limits<uint16_t>::max()));
    request.source_port = static_cast<uint16_t>(port);
  }
  ASSIGN_OR_RETURN(request.verify, flag_of(json, "verify"));
  return request;
}

Json to_json(const AdvanceRequest& request) {
  return {{"advance", request.by.count()}};
}

Result<AdvanceRequest> parse_advance_request(const std::string& body) {
  ASSIGN_OR_RETURN(const nlohmann::json json, parse_object(body));
  ASSIGN_OR_RETURN(const int64_t seconds,
                   integer_of(json, "advance", 0, std::numeric_limits<int>::max()));
  if (seconds == 0) return wrong("the request needs \"advance\", how many seconds to move on by");
  return AdvanceRequest{std::chrono::seconds(seconds)};
}

Json to_json(const HoldRequest& request) {
  return {{"seconds", request.duration ? Json(request.duration->count()) : Json(nullptr)}};
}

Result<HoldRequest> parse_hold_request(const std::string& body) {
  ASSIGN_OR_RETURN(nlohmann::json json, parse_object(body));
  if (json.contains("seconds") && json["seconds"].is_null()) json.erase("seconds");
  ASSIGN_OR_RETURN(const int64_t seconds,
                   integer_of(json, "seconds", 0, std::numeric_limits<int>::max()));
  HoldRequest request;
  if (seconds > 0) request.duration = std::chrono::seconds(seconds);
  return request;
}

Json to_json(const TrafficRequest& request) {
  return {{"traffic", lab::name_of(request.traffic)}};
}

Result<TrafficRequest> parse_traffic_request(const std::string& body) {
  ASSIGN_OR_RETURN(const nlohmann::json json, parse_object(body));
  ASSIGN_OR_RETURN(const std::string word, text_of(json, "traffic"));
  ASSIGN_OR_RETURN(const lab::TrafficClass traffic, parse_traffic(word));
  return TrafficRequest{traffic};
}

}  // namespace egress::control

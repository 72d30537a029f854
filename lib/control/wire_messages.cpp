// SPDX-License-Identifier: MIT
#include <limits>
#include <utility>

#include "control/bodies.hpp"
#include "control/messages.hpp"
#include "lab/document.hpp"

namespace egress::control {

Json to_json(const ImposeRequest& request) {
  Json json = {
      {"impairment", request.impairment ? lab::document_of(*request.impairment) : Json(nullptr)},
      {"held", request.held}};
  if (request.duration) json["seconds"] = request.duration->count();
  return json;
}

Result<ImposeRequest> parse_impose_request(const std::string& body) {
  ASSIGN_OR_RETURN(const nlohmann::json json, parse_object(body));
  ImposeRequest request;
  const auto impairment = json.find("impairment");
  if (impairment != json.end() && !impairment->is_null()) {
    auto read = lab::impairment_of(lab::Document(*impairment));
    if (!read.ok()) return std::move(read).error().in("impairment");
    request.impairment = *read;
  }
  ASSIGN_OR_RETURN(request.held, flag_of(json, "held"));
  ASSIGN_OR_RETURN(const int64_t seconds,
                   integer_of(json, "seconds", 0, std::numeric_limits<int>::max()));
  if (seconds != 0) request.duration = std::chrono::seconds(seconds);
  if (request.held && !request.duration) request.duration = kHoldUnlessTold;
  return request;
}

Json to_json(const StepRequest& request) {
  return {{"packets", request.packets}};
}

Result<StepRequest> parse_step_request(const std::string& body) {
  ASSIGN_OR_RETURN(const nlohmann::json json, parse_object(body));
  ASSIGN_OR_RETURN(const int64_t packets, integer_of(json, "packets", 1, kMostSteps));
  if (packets == 0) return wrong("\"packets\" must be one or more");
  return StepRequest{static_cast<int>(packets)};
}

}  // namespace egress::control

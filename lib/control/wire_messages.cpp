// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "control/bodies.hpp"
#include "control/messages.hpp"
#include "lab/impairment.hpp"
#include "lab/suggest.hpp"

namespace egress::control {

namespace {

using Untrusted = nlohmann::json;

// One property of an impairment, unless it is missing.
template <typename T>
Status read_property(const Untrusted& object, const char* key, Result<T> (*parse)(std::string_view),
                     T& property) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_string()) return wrong(fmt::format("\"{}\" must be a text", key));
  auto parsed = parse(found->template get_ref<const std::string&>());
  if (!parsed.ok()) return std::move(parsed).error().in(key);
  property = *parsed;
  return {};
}

Status check_keys(const Untrusted& object) {
  constexpr std::string_view kKeys[] = {"latency", "jitter", "loss", "duplicate",
                                        "reorder", "rate",   "seed"};
  for (const auto& [key, value] : object.items()) {
    if (std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys)) continue;
    return wrong(fmt::format("an impairment has no \"{}\"", lab::shown(key)));
  }
  return {};
}

Result<lab::Impairment> read_impairment(const Untrusted& object) {
  if (!object.is_object()) return wrong("\"impairment\" must be an object");
  RETURN_IF_ERROR(check_keys(object));
  lab::Impairment impairment;
  RETURN_IF_ERROR(read_property(object, "latency", lab::parse_latency, impairment.latency));
  RETURN_IF_ERROR(read_property(object, "jitter", lab::parse_latency, impairment.jitter));
  RETURN_IF_ERROR(read_property(object, "loss", lab::parse_share, impairment.loss));
  RETURN_IF_ERROR(read_property(object, "duplicate", lab::parse_share, impairment.duplicate));
  RETURN_IF_ERROR(read_property(object, "reorder", lab::parse_share, impairment.reorder));
  RETURN_IF_ERROR(read_property(object, "rate", lab::parse_rate, impairment.rate));
  ASSIGN_OR_RETURN(const int64_t seed,
                   integer_of(object, "seed", 1, static_cast<int64_t>(lab::kMaxSeed)));
  impairment.seed = static_cast<uint64_t>(seed);
  if (const auto problem = lab::problem_of(impairment)) return wrong(problem->message);
  return impairment;
}

}  // namespace

Json to_json(const ImposeRequest& request) {
  Json json = {{"impairment", request.impairment ? to_json(*request.impairment) : Json(nullptr)},
               {"held", request.held}};
  if (request.duration) json["seconds"] = request.duration->count();
  return json;
}

Result<ImposeRequest> parse_impose_request(const std::string& body) {
  ASSIGN_OR_RETURN(const Untrusted json, parse_object(body));
  ImposeRequest request;
  const auto impairment = json.find("impairment");
  if (impairment != json.end() && !impairment->is_null()) {
    ASSIGN_OR_RETURN(request.impairment, read_impairment(*impairment));
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
  ASSIGN_OR_RETURN(const Untrusted json, parse_object(body));
  ASSIGN_OR_RETURN(const int64_t packets, integer_of(json, "packets", 1, kMostSteps));
  if (packets == 0) return wrong("\"packets\" must be one or more");
  return StepRequest{static_cast<int>(packets)};
}

}  // namespace egress::control

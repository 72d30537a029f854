// SPDX-License-Identifier: MIT
#include "lab/service_tags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "lab/built_in_service_tags.hpp"
#include "lab/limits.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

using Json = nlohmann::json;

// Takes {"values": [{"name", "properties": {"region", "addressPrefixes": [...]}}]} out of the
// stream of events and passes over the rest, so that the size of the rest costs no memory.
class TagFileEvents : public nlohmann::json_sax<Json> {
 public:
  bool start_object(size_t /*elements*/) override {
    path_.push_back(key_);
    if (path_.size() == kTagDepth && in_values()) {
      name_.clear();
      region_.clear();
      prefixes_.clear();
    }
    return enter();
  }
  bool end_object() override {
    const bool tag_ends = path_.size() == kTagDepth && in_values();
    path_.pop_back();
    return !tag_ends || store();
  }
  bool start_array(size_t /*elements*/) override {
    path_.push_back(key_);
    if (path_.size() == 2 && key_ == "values") values_seen_ = true;
    return enter();
  }
  bool end_array() override {
    path_.pop_back();
    return true;
  }
  bool key(string_t& name) override {
    key_ = name;
    return true;
  }
  bool string(string_t& text) override {
    if (!in_values()) return true;
    const bool in_properties = path_.size() > kTagDepth && path_[kTagDepth] == "properties";
    if (path_.size() == kTagDepth && key_ == "name") name_ = text;
    if (path_.size() == kTagDepth + 1 && in_properties && key_ == "region") region_ = text;
    if (path_.size() == kTagDepth + 2 && in_properties && path_.back() == "addressPrefixes") {
      return add_prefix(text);
    }
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool parse_error(size_t position, const std::string& /*token*/,
                   const Json::exception& /*failure*/) override {
    return refuse(fmt::format("not JSON at byte {}", position));
  }

  Result<ServiceTags> finish() && {
    if (message_.empty() && !values_seen_) refuse("no list 'values' of service tags");
    if (!message_.empty()) return Error{.code = Errc::kInvalid, .message = message_};
    return std::move(tags_);
  }

 private:
  // The file's object, its list "values", a tag's object.
  static constexpr size_t kTagDepth = 3;
  static constexpr size_t kMaxJsonDepth = 64;

  bool in_values() const { return path_.size() >= kTagDepth && path_[1] == "values"; }

  bool enter() {
    key_.clear();
    return path_.size() <= kMaxJsonDepth || refuse("nested too deep");
  }

  bool refuse(std::string message) {
    if (message_.empty()) message_ = std::move(message);
    return false;
  }

  bool add_prefix(const std::string& text) {
    if (text.find(':') != std::string::npos) return true;
    const auto prefix = Ipv4Prefix::parse(text);
    if (!prefix) {
      return refuse(
          fmt::format("tag '{}': {}", shown(name_), shown(prefix.error().message, 2 * kMaxQuoted)));
    }
    prefixes_.push_back(*prefix);
    return true;
  }

  bool store() {
    const bool plain = std::all_of(name_.begin(), name_.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
    });
    if (name_.empty() || !plain) return refuse("a tag has no name, or one of unknown characters");
    if (is_built_in_tag(name_)) return refuse(fmt::format("tag '{}' is built in", name_));
    const bool fresh = tags_.emplace(name_, ServiceTag{region_, address_set(prefixes_)}).second;
    return fresh || refuse(fmt::format("tag '{}' stands there twice", shown(name_)));
  }

  std::vector<std::string> path_{};  // the key under which each open object or list stands
  std::string key_{};
  std::string name_{};
  std::string region_{};
  std::vector<Ipv4Prefix> prefixes_{};
  ServiceTags tags_{};
  bool values_seen_ = false;
  std::string message_{};
};

}  // namespace

Result<ServiceTags> parse_service_tags(const std::string& json) {
  if (json.size() > kMaxServiceTagBytes) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("larger than {} bytes", kMaxServiceTagBytes)};
  }
  TagFileEvents events;
  // What stopped it is in `events`.
  static_cast<void>(Json::sax_parse(json, &events));
  return std::move(events).finish();
}

Result<std::string> write(const ServiceTags& tags) {
  Json values = Json::array();
  for (const auto& [name, tag] : tags) {
    Json prefixes = Json::array();
    for (const Ipv4Prefix& prefix : to_prefixes(tag.addresses)) {
      prefixes.push_back(prefix.to_string());
    }
    values.push_back(
        {{"name", name}, {"properties", {{"region", tag.region}, {"addressPrefixes", prefixes}}}});
  }
  const Json file{{"values", std::move(values)}};
  std::string text = file.dump(-1, ' ', false, Json::error_handler_t::replace);
  Result<ServiceTags> read = parse_service_tags(text);
  if (read.ok() && *read == tags) return text;
  Error why = read.ok() ? Error{.code = Errc::kInvalid, .message = "a text in them is not UTF-8"}
                        : std::move(read).error();
  return std::move(why).in("the service tags cannot be written as a file");
}

const std::vector<std::string>& built_in_tags() {
  static const std::vector<std::string> all = {"VirtualNetwork",    "Internet",
                                               "AzureLoadBalancer", "AzurePlatformDNS",
                                               "AzurePlatformIMDS", "AzurePlatformLKM"};
  return all;
}

bool is_built_in_tag(const std::string& canonical) {
  const auto& tags = built_in_tags();
  return std::find(tags.begin(), tags.end(), canonical) != tags.end();
}

const ServiceTags& tags_of(const Lab& lab) {
  return lab.service_tags ? *lab.service_tags : built_in_service_tags();
}

TagNames::TagNames(const ServiceTags& declared) {
  for (const std::string& name : built_in_tags()) by_lower_case_[lower_case(name)] = name;
  for (const auto& [name, tag] : declared) by_lower_case_[lower_case(name)] = name;
}

std::optional<std::string> TagNames::canonical(const std::string& spelling) const {
  const auto found = by_lower_case_.find(lower_case(spelling));
  if (found == by_lower_case_.end()) return std::nullopt;
  return found->second;
}

Nearest TagNames::nearest(const std::string& spelling) const {
  Nearest search(spelling);
  for (const auto& [lower, name] : by_lower_case_) search.consider(name);
  return search;
}

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#include "control/untrusted_json.hpp"

#include <fmt/format.h>

namespace egress::control {

namespace {

// Keeps nothing of a document but how large it is, and stops reading at the first excess.
class Measure : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return count(); }
  bool boolean(bool /*value*/) override { return count(); }
  bool number_integer(number_integer_t /*value*/) override { return count(); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return count(); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return count(); }
  bool string(string_t& /*value*/) override { return count(); }
  bool binary(binary_t& /*value*/) override { return count(); }
  bool key(string_t& /*name*/) override { return true; }
  bool start_object(size_t /*elements*/) override { return enter(); }
  bool start_array(size_t /*elements*/) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool parse_error(size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*failure*/) override {
    return refuse(fmt::format("not JSON at byte {}", position));
  }

  const std::string& objection() const { return objection_; }

 private:
  bool count() {
    return ++values_ <= kMaxJsonValues ||
           refuse(fmt::format("of more than {} values", kMaxJsonValues));
  }
  bool enter() {
    return (++depth_ <= kMaxJsonDepth ||
            refuse(fmt::format("nested deeper than {}", kMaxJsonDepth))) &&
           count();
  }
  bool leave() {
    --depth_;
    return true;
  }
  bool refuse(std::string objection) {
    objection_ = std::move(objection);
    return false;
  }

  size_t depth_ = 0;
  size_t values_ = 0;
  std::string objection_{};
};

}  // namespace

Result<nlohmann::json> parse_untrusted(const std::string& text) {
  Measure measure;
  if (!nlohmann::json::sax_parse(text, &measure)) {
    return Error{.code = Errc::kInvalid, .message = "the request body is " + measure.objection()};
  }
  return nlohmann::json::parse(text);
}

}  // namespace egress::control

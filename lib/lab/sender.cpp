// SPDX-License-Identifier: MIT
#include "lab/sender.hpp"

#include <fmt/format.h>

#include <charconv>

#include "lab/suggest.hpp"

namespace egress::lab {

std::string Sender::to_string() const {
  return fmt::format("{}/{}", site, instance);
}

Result<Sender> Sender::parse(std::string_view text) {
  const size_t slash = text.find('/');
  Sender sender{.site = std::string(text.substr(0, slash))};
  bool well_formed = !sender.site.empty();
  if (slash != std::string_view::npos) {
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data() + slash + 1, end, sender.instance);
    well_formed = well_formed && failure == std::errc{} && stop == end && sender.instance >= 0;
  }
  if (well_formed) return sender;
  return Error{
      .code = Errc::kInvalid,
      .message = fmt::format("'{}' is not of the form SITE or SITE/INSTANCE", shown(text))};
}

}  // namespace egress::lab

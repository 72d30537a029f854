// SPDX-License-Identifier: MIT
#include "base/result.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace egress {

const char* errc_name(Errc code) {
  switch (code) {
    case Errc::kInvalid: return "invalid";
    case Errc::kNotFound: return "not-found";
    case Errc::kExists: return "exists";
    case Errc::kBusy: return "busy";
    case Errc::kDenied: return "denied";
    case Errc::kUnsupported: return "unsupported";
    case Errc::kConflict: return "conflict";
    case Errc::kKernel: return "kernel";
    case Errc::kBug: return "bug";
  }
  return "bug";
}

Error Error::in(const std::string& context) && {
  message = message.empty() ? context : context + ": " + message;
  return std::move(*this);
}

std::string Error::to_string() const {
  std::string text = message;
  if (sys_errno != 0) text += std::string(text.empty() ? "" : ": ") + strerrordesc_np(sys_errno);
  if (!kernel_text.empty()) text += " (" + kernel_text + ")";
  return text;
}

Error Error::from_errno(std::string message) {
  return from_errno(std::move(message), errno);
}

Error Error::from_errno(std::string message, int sys_errno) {
  Error error{.code = Errc::kKernel, .sys_errno = sys_errno, .message = std::move(message)};
  switch (sys_errno) {
    case EPERM:
    case EACCES: error.code = Errc::kDenied; break;
    case ENOENT:
    case ENODEV:
    case ESRCH: error.code = Errc::kNotFound; break;
    case EEXIST: error.code = Errc::kExists; break;
    case EBUSY:
    case EAGAIN: error.code = Errc::kBusy; break;
    case EOPNOTSUPP: error.code = Errc::kUnsupported; break;
    default: break;
  }
  return error;
}

void check_failed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", file, line, why, condition);
  std::abort();
}

}  // namespace egress

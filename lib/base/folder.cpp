// SPDX-License-Identifier: MIT
#include "base/folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace egress {

Status make_folder(const std::string& path, mode_t mode) {
  constexpr mode_t kParentMode = 0755;
  std::filesystem::path folder(path);
  if (!folder.has_filename()) folder = folder.parent_path();  // "run/" is "run"
  if (folder.empty()) return {};
  const std::filesystem::path parent = folder.parent_path();
  std::error_code error;
  if (parent != folder && !std::filesystem::exists(parent, error)) {
    RETURN_IF_ERROR(make_folder(parent.string(), kParentMode));
  }
  // A later chmod would leave a moment with another mode.
  const mode_t usual = ::umask(0);
  const int made = ::mkdir(folder.c_str(), mode);
  const int made_errno = errno;
  ::umask(usual);
  if (made == 0 || made_errno == EEXIST) return {};
  return Error::from_errno("make folder " + path, made_errno);
}

Status check_own_folder(const std::string& path) {
  const auto denied = [&](const std::string& why) {
    return Error{.code = Errc::kDenied, .message = fmt::format("folder {} {}", path, why)};
  };
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return Error::from_errno("look at folder " + path);
  if (!S_ISDIR(found.st_mode)) return denied("is a link or a file: remove it, or choose another");
  if (found.st_uid != ::geteuid() && found.st_uid != 0) {
    return denied(
        fmt::format("belongs to user {}: give it to root, or choose another", found.st_uid));
  }
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return denied(
        fmt::format("may be written by others (mode {:04o}): chmod go-w, or choose another",
                    found.st_mode & 07777U));
  }
  return {};
}

bool same_file(int fd, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

}  // namespace egress

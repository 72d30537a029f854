// SPDX-License-Identifier: MIT
#pragma once

// Folders for files that others must not have a hand in: made with the mode we say, whatever umask
// the caller has, and looked at before they are trusted.

#include <sys/types.h>

#include <string>

#include "base/result.hpp"

namespace egress {

// Makes `path`, and its missing parents with mode 0755. One that is there stays as it is; an empty
// path is the working directory.
Status make_folder(const std::string& path, mode_t mode);

// kDenied, with the mend, unless `path` is itself a folder (no link to one) that belongs to this
// user or to root and that nobody else may write.
Status check_own_folder(const std::string& path);

// Whether `path` names the file that is open as `fd`, and not another one by now.
bool same_file(int fd, const std::string& path);

}  // namespace egress

// SPDX-License-Identifier: MIT
#include "egress-host/lock_file.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/folder.hpp"

namespace egress::host {

Result<LockFile> LockFile::acquire(const std::string& path) {
  // The previous owner removes the file as it ends, possibly between our open and our lock; the
  // lock would then be on a file that nobody can find.
  while (true) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) return Error::from_errno("open " + path);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(fd.get(), F_SETLK, &lock) < 0) {
      if (errno != EACCES && errno != EAGAIN) return Error::from_errno("lock " + path);
      return Error{.code = Errc::kBusy, .message = path + " is held by another responder"};
    }
    if (same_file(fd.get(), path)) return LockFile(path, std::move(fd));
  }
}

Status LockFile::write(const std::string& content) const {
  if (::ftruncate(fd_.get(), 0) < 0) return Error::from_errno("truncate " + path_);
  const ssize_t written = ::pwrite(fd_.get(), content.data(), content.size(), 0);
  if (written != static_cast<ssize_t>(content.size())) return Error::from_errno("write " + path_);
  return {};
}

void LockFile::remove() const {
  ::unlink(path_.c_str());
}

}  // namespace egress::host

// SPDX-License-Identifier: MIT
// A program that takes attachments and does nothing with them but to write down what it was given,
// in the file NETNS:NAME of its folder. It refuses settings that begin with "refuse", and answers
// questions with what they are.

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "attached/attached.hpp"
#include "uv/loop.hpp"

namespace {

std::string inode_of(const egress::UniqueFd& netns) {
  struct stat about {};
  if (!netns.valid() || ::fstat(netns.get(), &about) != 0) return "none";
  return std::to_string(about.st_ino);
}

egress::Status note(const egress::attached::Place& place) {
  if (place.settings.rfind("refuse", 0) == 0) {
    return egress::Error{.code = egress::Errc::kInvalid,
                         .message = "I do not like " + place.settings};
  }
  std::ofstream(place.netns + ":" + place.name) << inode_of(place.netns_fd) << "\n"
                                                << inode_of(place.home_fd) << "\n"
                                                << place.settings << "\n";
  return {};
}

}  // namespace

int main() {
  egress::uv::Loop loop;
  const auto attached = egress::attached::Attached::listen(
      loop, note,
      [](const std::string& netns, const std::string& name) {
        ::unlink((netns + ":" + name).c_str());
      },
      [](const std::string& from, const std::string& to, const std::string& name) {
        std::rename((from + ":" + name).c_str(), (to + ":" + name).c_str());
      },
      [](const std::string& question) -> egress::Result<std::string> {
        if (question == "refuse") {
          return egress::Error{.code = egress::Errc::kInvalid, .message = "I do not like that"};
        }
        return "you ask: " + question;
      });
  if (!attached.ok()) {
    std::fprintf(stderr, "%s\n", attached.error().to_string().c_str());
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  loop.run();
  return 0;
}

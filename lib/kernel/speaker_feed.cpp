// SPDX-License-Identifier: MIT
#include "kernel/speaker_feed.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <utility>

#include "kernel/folder_socket.hpp"
#include "kernel/high_fd.hpp"
#include "kernel/rtnl/codec.hpp"

namespace egress::kernel {
namespace {

// A speaker answers in milliseconds, also while it learns.
constexpr std::chrono::seconds kPatience{1};
constexpr size_t kLongestAnswer = size_t{1} << 20U;

// The last line of an answer has a code of its own and a space behind it: 0 and what follows for
// success, 8 and 9 for errors.
bool is_last(std::string_view line) {
  if (line.size() < 5 || line[4] != ' ') return false;
  const bool code = std::all_of(line.begin(), line.begin() + 4,
                                [](unsigned char each) { return std::isdigit(each) != 0; });
  return code && (line[0] == '0' || line[0] == '8' || line[0] == '9');
}

// Up to the end of one answer.
Result<std::string> read_answer(int fd) {
  std::string answer;
  size_t line = 0;
  std::array<char, 4096> room{};
  while (answer.size() < kLongestAnswer) {
    const ssize_t got = recv(fd, room.data(), room.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Error::from_errno("hear a speaker", got < 0 ? errno : ECONNRESET);
    answer.append(room.data(), static_cast<size_t>(got));
    for (size_t end = answer.find('\n', line); end != std::string::npos;
         end = answer.find('\n', line)) {
      if (is_last(std::string_view(answer).substr(line, end - line))) return answer;
      line = end + 1;
    }
  }
  return Error{.code = Errc::kInvalid, .message = "a speaker talks without end"};
}

}  // namespace

Result<std::shared_ptr<NetnsSpeakerFeed>> NetnsSpeakerFeed::open(Processes processes) {
  UniqueFd low(epoll_create1(EPOLL_CLOEXEC));
  if (!low.valid()) return Error::from_errno("open an epoll descriptor");
  ASSIGN_OR_RETURN(UniqueFd epoll, move_high(std::move(low)));
  return std::shared_ptr<NetnsSpeakerFeed>(
      new NetnsSpeakerFeed(std::move(epoll), std::move(processes)));
}

Status NetnsSpeakerFeed::add(const SpeakerRef& speaker, int netns_fd) {
  ASSIGN_OR_RETURN(NetlinkSocket routes,
                   open_inside(netns_fd, [] { return NetlinkSocket::open(NETLINK_ROUTE); }));
  ASSIGN_OR_RETURN(NetnsWatch watch, open_inside(netns_fd, [&] {
                     return NetnsWatch::of_learned_routes(epoll_.get());
                   }));
  places_.push_back({speaker, std::move(routes), std::move(watch)});
  return {};
}

Result<std::string> NetnsSpeakerFeed::ask(const SpeakerRef& speaker) const {
  ASSIGN_OR_RETURN(const UniqueFd folder,
                   processes_.open_folder(speaker.process.netns, speaker.process.name));
  ASSIGN_OR_RETURN(const UniqueFd socket, connect_to({.folder = folder.get(),
                                                      .name = speaker.socket.c_str(),
                                                      .absent = "nobody speaks",
                                                      .type = SOCK_STREAM},
                                                     kPatience));
  RETURN_IF_ERROR(read_answer(socket.get()));  // it greets
  const std::string line = speaker.question + "\n";
  if (send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return Error::from_errno("ask a speaker");
  }
  return read_answer(socket.get());
}

// Routes before sessions: those of a session that ends go after it has ended, so that what is
// missing of one that is up was withdrawn.
Result<SpeakerFeed::Speakers> NetnsSpeakerFeed::read() {
  Speakers speakers;
  for (Place& place : places_) {
    (void)place.watch.heard();
    Speaker speaker;
    RETURN_IF_ERROR(place.routes.dump(list_routes(), [&](const nlmsghdr& reply) {
      const auto learned = decode_learned_route(reply);
      if (learned) speaker.learned[learned->first].push_back(learned->second);
    }));
    for (auto& [table, prefixes] : speaker.learned) std::sort(prefixes.begin(), prefixes.end());
    Result<std::string> sessions = ask(place.speaker);
    if (!sessions.ok()) continue;
    speaker.sessions = *std::move(sessions);
    speakers.emplace(place.speaker.process.netns, std::move(speaker));
  }
  return speakers;
}

}  // namespace egress::kernel

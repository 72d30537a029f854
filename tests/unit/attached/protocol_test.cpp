// SPDX-License-Identifier: MIT
#include "kernel/attachment/protocol.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <array>

namespace egress::kernel {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

const AttachmentKey kKey{"eg-app-web-0", "dns"};

struct Pair {
  UniqueFd here{};
  UniqueFd there{};
};

Pair connected() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()),
            0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

TEST(AttachmentProtocol, ReadsTheRequestsThatItWrites) {
  for (const Request& request :
       {Request(AttachRequest{kKey, "d1", false}), Request(AttachRequest{kKey, "d1", true}),
        Request(DetachRequest{kKey}), Request(MoveRequest{"eg-app-web-0-next", "eg-app-web-0"}),
        Request(AskRequest{R"({"question":"report"})"})}) {
    const auto read = parse_request(to_text(request));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, request);
  }
}

TEST(AttachmentProtocol, RefusesWhatIsNoRequest) {
  for (const char* text : {"", "1", "[]", "{}", R"({"attach":"dns"})", R"({"detach":"dns"})",
                           R"({"ask":1})", R"({"move":"eg-a"})", R"({"move":"eg-a","to":1})",
                           R"({"attach":"dns","netns":"n","digest":1,"home":false})"}) {
    EXPECT_FALSE(parse_request(text).ok()) << text;
  }
}

TEST(AttachmentProtocol, AnswersCarryTheErrorsText) {
  EXPECT_TRUE(parse_answer(to_answer({})).ok());
  const Error error{.code = Errc::kInvalid, .message = "no such port \xff"};
  EXPECT_THAT(parse_answer(to_answer(error)).error().message, HasSubstr("no such port"));
  EXPECT_EQ(parse_answer("nonsense").error().code, Errc::kInvalid);
}

TEST(AttachmentProtocol, ReadsTheListThatItWrites) {
  const std::vector<ListedAttachment> listed = {
      {kKey, {4, 4026532317}, "d1", true}, {{"eg-app-web-1", "dns"}, {4, 4026532318}, "d2", false}};
  const auto read = parse_list(to_line(listed[0]) + to_line(listed[1]));
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(*read, listed);
  EXPECT_FALSE(parse_list(to_line(listed[0]) + "{}").ok());
  EXPECT_THAT(parse_list("").value(), SizeIs(0));
}

TEST(AttachmentProtocol, MessagesCarryTextAndOpenFiles) {
  const Pair pair = connected();
  const auto file = make_settings_file("settings");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(send_message(pair.here.get(), "text", {file->get(), file->get()}).ok());
  const auto received = receive_message(pair.there.get());
  ASSERT_TRUE(received.ok()) << received.error().to_string();
  EXPECT_EQ(received->text, "text");
  ASSERT_THAT(received->files, SizeIs(2));
  EXPECT_EQ(read_settings_file(received->files[1].get()).value(), "settings");
  EXPECT_NE(::fcntl(received->files[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(AttachmentProtocol, TellsSilenceFromTheEnd) {
  Pair pair = connected();
  EXPECT_EQ(receive_message(pair.there.get()).error().code, Errc::kBusy);
  pair.here.reset();
  EXPECT_EQ(receive_message(pair.there.get()).error().code, Errc::kNotFound);
}

TEST(AttachmentProtocol, RefusesMessagesThatAreTooLarge) {
  const Pair pair = connected();
  ASSERT_TRUE(send_message(pair.here.get(), std::string(20'000, 'x')).ok());
  EXPECT_EQ(receive_message(pair.there.get()).error().code, Errc::kInvalid);
}

TEST(AttachmentProtocol, SettingsOfAnySizeGoThroughAFile) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{5'000'000}}) {
    const std::string settings(size, 'x');
    const auto file = make_settings_file(settings);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(read_settings_file(file->get()).value(), settings);
  }
}

}  // namespace
}  // namespace egress::kernel

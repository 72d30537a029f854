// SPDX-License-Identifier: MIT
#include "attached/attached.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/folder.hpp"

namespace egress::attached {
namespace {

using kernel::AskRequest;
using kernel::AttachRequest;
using kernel::DetachRequest;
using kernel::MoveRequest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A program on one side of the loop and its client on the other, in this process: the namespace
// that is attached is the test's own.
class AttachedTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(folder_.path());
    auto listening = Attached::listen(
        loop_, [this](const Place& place) { return attach(place); },
        [this](const std::string& netns, const std::string& name) {
          calls_.push_back("detach " + netns + " " + name);
        },
        [this](const std::string& from, const std::string& to, const std::string& name) {
          calls_.push_back("move " + from + " " + to + " " + name);
        },
        [](const std::string& question) { return answer_to(question); });
    std::filesystem::current_path(before);
    ASSERT_TRUE(listening.ok()) << listening.error().to_string();
    attached_ = *std::move(listening);
  }

  Status attach(const Place& place) {
    calls_.push_back("attach " + place.netns + " " + place.name + " " + place.settings +
                     (place.home_fd.valid() ? " home" : ""));
    if (place.settings != "bad") return {};
    return Error{.code = Errc::kInvalid, .message = "I do not like this"};
  }

  static Result<std::string> answer_to(const std::string& question) {
    if (question != "bad") return "an answer to " + question;
    return Error{.code = Errc::kInvalid, .message = "I do not understand this"};
  }

  // What the program says to one request.
  std::string asked(const std::string& text, const std::vector<int>& files = {}) {
    return whole_answer(text, files).text;
  }
  kernel::Message whole_answer(const std::string& text, const std::vector<int>& files = {}) {
    const UniqueFd client(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (folder_ / ".control").c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_TRUE(kernel::send_message(client.get(), text, files).ok());
    while (true) {
      uv_run(loop_.get(), UV_RUN_ONCE);
      auto answer = kernel::receive_message(client.get());
      if (answer.ok()) return *std::move(answer);
      if (answer.error().code != Errc::kBusy) return {.text = answer.error().to_string()};
    }
  }
  std::string attached(const std::string& netns, const std::string& settings, bool home = false) {
    const auto own = kernel::own_netns();
    const auto file = kernel::make_settings_file(settings);
    std::vector<int> files = {own->get(), file->get()};
    if (home) files.push_back(own->get());
    return asked(to_text(AttachRequest{{netns, "dns"}, "digest of " + settings, home}), files);
  }
  std::string detached(const std::string& netns) {
    return asked(to_text(DetachRequest{{netns, "dns"}}));
  }
  std::string moved(const std::string& from, const std::string& to) {
    return asked(to_text(MoveRequest{from, to}));
  }
  std::vector<kernel::ListedAttachment> listed() const {
    std::ifstream file(folder_ / ".attached");
    std::ostringstream text;
    text << file.rdbuf();
    return kernel::parse_list(text.str()).value();
  }
  std::vector<std::string> listed_digests() const {
    std::vector<std::string> digests;
    for (const auto& each : listed()) digests.push_back(each.key.netns + ": " + each.digest);
    return digests;
  }

  testing_support::Folder folder_{};
  std::vector<std::string> calls_{};
  uv::Loop loop_{};
  std::unique_ptr<Attached> attached_{};
};

constexpr const char* kOk = R"({"ok":true})";

TEST_F(AttachedTest, CanBeReachedByItsOwnUserAlone) {
  struct stat about {};
  ASSERT_EQ(::stat((folder_ / ".control").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600U);
}

TEST_F(AttachedTest, AttachesChangesAndDetachesAndListsWhatThereIs) {
  EXPECT_EQ(attached("eg-a", "one"), kOk);
  EXPECT_EQ(attached("eg-b", "two"), kOk);
  EXPECT_EQ(attached("eg-a", "three"), kOk);
  EXPECT_THAT(listed_digests(), ElementsAre("eg-a: digest of three", "eg-b: digest of two"));
  EXPECT_EQ(listed()[0].identity, kernel::netns_identity(kernel::kOwnNetns).value());
  EXPECT_EQ(detached("eg-a"), kOk);
  EXPECT_THAT(listed_digests(), ElementsAre("eg-b: digest of two"));
  EXPECT_THAT(calls_, ElementsAre("attach eg-a dns one", "attach eg-b dns two",
                                  "attach eg-a dns three", "detach eg-a dns"));
  EXPECT_EQ(detached("eg-b"), kOk);
  EXPECT_FALSE(std::filesystem::exists(folder_ / ".attached"));
}

TEST_F(AttachedTest, TellsTheProgramOnceMoreWhatItHasAndNothingOfWhatItHasNot) {
  EXPECT_EQ(attached("eg-a", "one"), kOk);
  EXPECT_EQ(attached("eg-a", "one"), kOk);
  EXPECT_EQ(detached("eg-b"), kOk);
  EXPECT_THAT(calls_, ElementsAre("attach eg-a dns one", "attach eg-a dns one"));
}

TEST_F(AttachedTest, SpeaksOfANamespaceByItsNewNameOnceItHasOne) {
  EXPECT_EQ(attached("eg-a-next", "one"), kOk);
  EXPECT_EQ(attached("eg-b", "two"), kOk);
  const auto before = listed();
  EXPECT_EQ(moved("eg-a-next", "eg-a"), kOk);
  EXPECT_THAT(listed_digests(), ElementsAre("eg-a: digest of one", "eg-b: digest of two"));
  EXPECT_EQ(listed()[0].identity, before[0].identity);
  EXPECT_EQ(attached("eg-a", "three"), kOk);
  EXPECT_EQ(detached("eg-a"), kOk);
  EXPECT_THAT(calls_,
              ElementsAre("attach eg-a-next dns one", "attach eg-b dns two",
                          "move eg-a-next eg-a dns", "attach eg-a dns three", "detach eg-a dns"));
}

TEST_F(AttachedTest, MovesNothingTwiceNorOverAnother) {
  EXPECT_EQ(attached("eg-a-next", "one"), kOk);
  EXPECT_EQ(attached("eg-a", "two"), kOk);
  EXPECT_THAT(moved("eg-a-next", "eg-a"), HasSubstr("attached in eg-a already"));
  EXPECT_THAT(listed_digests(), ElementsAre("eg-a: digest of two", "eg-a-next: digest of one"));
  EXPECT_EQ(detached("eg-a"), kOk);
  calls_.clear();
  EXPECT_EQ(moved("eg-a-next", "eg-a"), kOk);
  EXPECT_EQ(moved("eg-a-next", "eg-a"), kOk);
  EXPECT_THAT(calls_, ElementsAre("move eg-a-next eg-a dns"));
  EXPECT_THAT(listed_digests(), ElementsAre("eg-a: digest of one"));
}

TEST_F(AttachedTest, HandsOverTheDaemonsOwnNamespaceWhereItIsNeeded) {
  EXPECT_EQ(attached("eg-a", "one"), kOk);
  EXPECT_EQ(attached("eg-a", "one", true), kOk);
  EXPECT_THAT(calls_, ElementsAre("attach eg-a dns one", "attach eg-a dns one home"));
  EXPECT_TRUE(listed().at(0).home);
}

TEST_F(AttachedTest, SaysWhyNotAndListsWhatIsStillInForce) {
  EXPECT_THAT(attached("eg-a", "bad"), HasSubstr("I do not like this"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / ".attached"));
  EXPECT_EQ(attached("eg-a", "one"), kOk);
  EXPECT_THAT(attached("eg-a", "bad"), HasSubstr("I do not like this"));
  EXPECT_THAT(listed_digests(), ElementsAre("eg-a: digest of one"));
}

TEST_F(AttachedTest, RefusesRequestsThatItCannotRead) {
  const auto own = kernel::own_netns();
  const auto file = kernel::make_settings_file("one");
  const std::string request = to_text(AttachRequest{{"eg-a", "dns"}, "d1", false});
  EXPECT_THAT(asked("nonsense"), HasSubstr("cannot read"));
  EXPECT_THAT(asked(request), HasSubstr("descriptors"));
  EXPECT_THAT(asked(request, {own->get(), file->get(), own->get()}), HasSubstr("descriptors"));
  EXPECT_THAT(asked(request, {file->get(), file->get()}), HasSubstr("no network namespace"));
  EXPECT_THAT(calls_, IsEmpty());
}

TEST_F(AttachedTest, AnswersQuestionsWithATextOfAnyLength) {
  const std::string question(10'000, 'x');
  const kernel::Message answer = whole_answer(to_text(AskRequest{question}));
  EXPECT_EQ(answer.text, kOk);
  ASSERT_EQ(answer.files.size(), 1U);
  EXPECT_EQ(kernel::read_settings_file(answer.files[0].get()).value(), "an answer to " + question);
}

TEST_F(AttachedTest, SaysWhyItHasNoAnswer) {
  const kernel::Message answer = whole_answer(to_text(AskRequest{"bad"}));
  EXPECT_THAT(answer.text, HasSubstr("I do not understand this"));
  EXPECT_THAT(answer.files, IsEmpty());
  EXPECT_THAT(calls_, IsEmpty());
}

TEST_F(AttachedTest, OutlivesClientsThatSayNothing) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(asked(""), testing::Not(kOk));
    EXPECT_EQ(attached("eg-a", "one"), kOk);
  }
}

}  // namespace
}  // namespace egress::attached

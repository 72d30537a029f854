// SPDX-License-Identifier: MIT
#include "probe/lookups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "kernel/netns.hpp"
#include "probe/calls.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/process.hpp"
#include "tests/support/values.hpp"

namespace egress::probe {
namespace {

using namespace testing_support;
using policy::RecordType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kPatience{5'000};
constexpr std::chrono::milliseconds kShort{200};  // for what does not answer

// asker ── names: 10.0.0.53 answers, 10.0.0.54 refuses, 10.0.0.55 is silent
constexpr const char* kTopology = R"(
  ip netns add asker; ip netns add names
  ip -n asker link add a0 type veth peer name n0 netns names
  ip -n asker addr add 10.0.0.1/24 dev a0; ip -n asker link set a0 up
  for last in 53 54 55; do ip -n names addr add 10.0.0.$last/24 dev n0; done
  ip -n names link set n0 up; ip -n names link set lo up
  ip netns exec names nft -f - <<'NFT'
    table ip t { chain in { type filter hook input priority 0; ip daddr 10.0.0.55 drop; }; }
NFT
)";

Result<UniqueFd> bound(const std::string& netns, int type) {
  ASSIGN_OR_RETURN(const UniqueFd there, kernel::open_netns(netns));
  return kernel::open_inside(there.get(), [&]() -> Result<UniqueFd> {
    UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    address.sin_addr.s_addr = htonl(ip("10.0.0.53").bits);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return Error::from_errno("bind port 53");
    }
    return fd;
  });
}

policy::NameAnswer answer_to(const dns::Question& question) {
  if (question.name == "sql.example") {
    return {.records = {{.name = question.name, .ttl = 60, .data = ip("10.1.2.4")}}};
  }
  if (question.name == "big.example") {
    policy::NameAnswer answer;
    for (int i = 0; i < 20; ++i) {
      answer.records.push_back({.name = question.name,
                                .type = RecordType::kTxt,
                                .ttl = 60,
                                .data = std::string(200, static_cast<char>('a' + i))});
    }
    return answer;
  }
  return {.status = policy::NameStatus::kNxDomain};
}

// Answers until it is destroyed.
class NameServer {
 public:
  NameServer()
      : udp_(bound("names", SOCK_DGRAM).value()),
        tcp_(bound("names", SOCK_STREAM).value()),
        stop_(::eventfd(0, EFD_CLOEXEC)) {
    ::listen(tcp_.get(), 64);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  int tcp_questions() const { return tcp_questions_; }

 private:
  void serve() {
    while (true) {
      std::array<pollfd, 3> ready = {
          pollfd{stop_.get(), POLLIN, 0}, {udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
      ::poll(ready.data(), ready.size(), -1);
      if (ready[0].revents != 0) return;
      if (ready[1].revents != 0) answer_datagram();
      if (ready[2].revents != 0) answer_connection();
    }
  }
  static dns::Message reply(std::span<const uint8_t> bytes, dns::Transport transport) {
    const auto query = std::get<dns::Query>(dns::parse_query(bytes));
    return dns::reply_to(query, answer_to(query.question), dns::reply_limit(query, transport));
  }
  void answer_datagram() {
    std::array<uint8_t, 1500> buffer;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    auto* const sender = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = ::recvfrom(udp_.get(), buffer.data(), buffer.size(), 0, sender, &size);
    if (got < 0) return;
    const dns::Message said =
        reply(std::span(buffer).first(static_cast<size_t>(got)), dns::Transport::kUdp);
    ::sendto(udp_.get(), said.data(), said.size(), 0, sender, size);
  }
  void answer_connection() {
    ++tcp_questions_;
    const UniqueFd client(::accept(tcp_.get(), nullptr, nullptr));
    std::array<uint8_t, 2> length{};
    std::array<uint8_t, 1500> buffer;
    ::recv(client.get(), length.data(), length.size(), MSG_WAITALL);
    const size_t size = size_t{length[0]} << 8U | length[1];
    ::recv(client.get(), buffer.data(), size, MSG_WAITALL);
    const dns::Message said = reply(std::span(buffer).first(size), dns::Transport::kTcp);
    dns::Message framed = {static_cast<uint8_t>(said.size() >> 8U),
                           static_cast<uint8_t>(said.size() & 0xffU)};
    framed.insert(framed.end(), said.begin(), said.end());
    // In two parts, as streams come.
    ::send(client.get(), framed.data(), 1, MSG_NOSIGNAL);
    ::send(client.get(), framed.data() + 1, framed.size() - 1, MSG_NOSIGNAL);
  }

  UniqueFd udp_;
  UniqueFd tcp_;
  UniqueFd stop_;
  std::atomic<int> tcp_questions_{0};
  std::thread thread_{};
};

class Lookups : public ::testing::Test {
 protected:
  void SetUp() override {
    by_hand(kTopology);
    server_ = std::make_unique<NameServer>();
  }
  void TearDown() override {
    server_.reset();
    run_script("ip netns del asker; ip netns del names");
  }

  static NameLookup lookup(const std::string& name, RecordType type = RecordType::kA,
                           std::vector<Ipv4Address> servers = {ip("10.0.0.53")}) {
    return {.netns = "asker",
            .question = {name, type},
            .plan = {.servers = std::move(servers), .attempts = 1, .timeout = kPatience}};
  }
  static std::vector<std::string> texts(const std::optional<dns::Reply>& reply) {
    std::vector<std::string> all;
    if (!reply) return {"nothing"};
    for (const policy::Record& record : reply->records) all.push_back(policy::data_text(record));
    return all;
  }

  std::unique_ptr<NameServer> server_{};
};

TEST_F(Lookups, AreAnsweredInTheirOrder) {
  std::vector<NameLookup> all(100, lookup("sql.example"));
  all[50] = lookup("nobody.example");
  const auto replies = look_up(all);
  ASSERT_TRUE(replies.ok()) << replies.error().to_string();
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_TRUE((*replies)[i]) << i;
    EXPECT_EQ((*replies)[i]->rcode, i == 50 ? 3 : 0);
  }
  EXPECT_THAT(texts(replies->front()), ElementsAre("10.1.2.4"));
  EXPECT_EQ(server_->tcp_questions(), 0);
}

TEST_F(Lookups, GoOnOverTcpWhenAnAnswerDoesNotFitOrWhenTold) {
  const auto large = look_up({lookup("big.example", RecordType::kTxt)});
  EXPECT_EQ(texts(large.value().front()).size(), 20U);
  EXPECT_EQ(server_->tcp_questions(), 1);
  NameLookup at_once = lookup("sql.example");
  at_once.tcp = true;
  EXPECT_THAT(texts(look_up({at_once}).value().front()), ElementsAre("10.1.2.4"));
  EXPECT_EQ(server_->tcp_questions(), 2);
}

TEST_F(Lookups, TakeTheNextServerWhenAPortIsClosed) {
  const auto replies =
      look_up({lookup("sql.example", RecordType::kA, {ip("10.0.0.54"), ip("10.0.0.53")})});
  EXPECT_THAT(texts(replies.value().front()), ElementsAre("10.1.2.4"));
}

TEST_F(Lookups, EndWithoutAReplyWhereNobodyAnswers) {
  NameLookup silent = lookup("sql.example", RecordType::kA, {ip("10.0.0.55")});
  silent.plan.timeout = kShort;
  NameLookup silent_tcp = silent;
  silent_tcp.tcp = true;
  const NameLookup refused = lookup("sql.example", RecordType::kA, {ip("10.0.0.54")});
  const NameLookup unroutable = lookup("sql.example", RecordType::kA, {ip("10.9.9.9")});
  const auto replies = look_up({silent, silent_tcp, refused, unroutable});
  for (const auto& reply : replies.value()) EXPECT_FALSE(reply);
}

TEST_F(Lookups, NameANamespaceThatIsGone) {
  NameLookup nowhere = lookup("sql.example");
  nowhere.netns = "gone";
  const auto replies = look_up({nowhere});
  ASSERT_FALSE(replies.ok());
  EXPECT_EQ(replies.error().code, Errc::kNotFound);
  EXPECT_THAT(replies.error().to_string(), HasSubstr("gone"));
}

TEST_F(Lookups, OfRealServersSayWhoKnew) {
  const auto known = ask_servers("asker", {ip("10.0.0.53")}, {"sql.example", RecordType::kA});
  ASSERT_TRUE(known);
  EXPECT_EQ(known->records.front().source.kind, policy::AnswerSource::Kind::kForwarded);
  // From the caller's own network: this thread stands among the askers meanwhile.
  const auto here = kernel::open_netns("asker").value();
  const auto inside = kernel::NetnsScope::enter(here.get()).value();
  const auto unknown = ask_servers({}, {ip("10.0.0.53")}, {"nobody.example", RecordType::kA});
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->status, policy::NameStatus::kNxDomain);
  EXPECT_FALSE(ask_servers({}, {ip("10.0.0.54")}, {"sql.example", RecordType::kA}));
}

// A program that serves each connection with this shell script, which stands in a file: socat reads
// quotes and backslashes of its own.
Background serving(const Folder& folder, const std::string& port, const std::string& text) {
  const std::string script = "bash " + folder.write(port, text);
  Background server({"ip", "netns", "exec", "names", "socat",
                     "TCP-LISTEN:" + port + ",bind=10.0.0.53,reuseaddr,fork", "SYSTEM:" + script},
                    "");
  EXPECT_TRUE(eventually([&] {
    const std::string listening = "10.0.0.53:" + port;
    return run({"ip", "netns", "exec", "names", "ss", "-Hlnt"}).out.find(listening) !=
           std::string::npos;
  }));
  return server;
}

TEST_F(Lookups, AndCallsHearWhatTheFarEndSays) {
  const Folder folder;
  const Background line = serving(folder, "443", "echo first; echo second; sleep 1000");
  const Background web =
      serving(folder, "80", R"(read request; printf "HTTP/1.0 200 OK\r\nA: b\r\n\r\nbody\n")");
  const Background mute = serving(folder, "8443", "sleep 1000");
  const Background peer = serving(folder, "8080", "echo from $SOCAT_PEERPORT; sleep 1000");
  const auto seen = call({{"asker", ip("10.0.0.53"), 443},
                          {"asker", ip("10.0.0.53"), 80},
                          {"asker", ip("10.0.0.53"), 444},
                          {"asker", ip("10.9.9.9"), 443},
                          {"asker", ip("10.0.0.53"), 8080, 4242}},
                         kPatience);
  ASSERT_TRUE(seen.ok()) << seen.error().to_string();
  EXPECT_EQ((*seen)[0].text, "first");
  EXPECT_TRUE((*seen)[0].connected);
  EXPECT_EQ((*seen)[1].text, "body");
  EXPECT_TRUE((*seen)[2].refused);
  EXPECT_FALSE((*seen)[2].connected);
  EXPECT_FALSE((*seen)[3].connected || (*seen)[3].refused);
  EXPECT_EQ((*seen)[4].text, "from 4242");
  const auto patient =
      call({{"asker", ip("10.0.0.53"), 8443}, {"asker", ip("10.0.0.55"), 443}}, kShort);
  EXPECT_TRUE(patient.value()[0].connected);
  EXPECT_EQ(patient.value()[0].text, "");
  EXPECT_FALSE(patient.value()[1].connected);
}

}  // namespace
}  // namespace egress::probe

// SPDX-License-Identifier: MIT
#include "control/messages.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/untrusted_json.hpp"

namespace egress::control {
namespace {

using ::testing::HasSubstr;

TEST(LabMessage, ReturnsAsItWasSent) {
  const lab::LabText lab{.file = "lab.yaml", .text = "a: 1\n", .files = {{"tags.json", "{}"}}};
  const Result<lab::LabText> parsed = parse_lab_text(dump(to_json(lab)));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, lab);
}

TEST(LabMessage, NeedsNoFiles) {
  EXPECT_TRUE(parse_lab_text(R"({"file":"f","text":"t"})").ok());
}

// The name stands in lines of the log, of answers and of what systemd is told.
TEST(LabMessage, IsRefusedForAFileNameThatIsNoneOrOfSeveralLines) {
  for (const std::string& file : {std::string("x\nMAINPID=1"), std::string(5000, 'x')}) {
    const Result<lab::LabText> parsed =
        parse_lab_text(dump(to_json(lab::LabText{.file = file, .text = "t"})));
    ASSERT_FALSE(parsed.ok());
    EXPECT_THAT(parsed.error().message, HasSubstr("without control characters"));
  }
}

TEST(LabMessage, IsRefusedWithTheKeyThatIsWrong) {
  const auto message = [](const char* body) {
    const Result<lab::LabText> parsed = parse_lab_text(body);
    EXPECT_FALSE(parsed.ok()) << body;
    return parsed.ok() ? std::string() : parsed.error().message;
  };
  EXPECT_THAT(message("{"), HasSubstr("not JSON"));
  EXPECT_THAT(message("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(message(R"({"text":"t"})"), HasSubstr("\"file\""));
  EXPECT_THAT(message(R"({"file":"f","text":7})"), HasSubstr("\"text\""));
  EXPECT_THAT(message(R"({"file":"f","text":"t","files":[]})"), HasSubstr("\"files\""));
  EXPECT_THAT(message(R"({"file":"f","text":"t","files":{"p":1}})"), HasSubstr("\"p\""));
}

// Built as a document, the first two would be one for each of their bytes.
TEST(UntrustedJson, IsRefusedForItsDepthOrSizeBeforeAnythingIsBuilt) {
  const auto message = [](const std::string& body) {
    const auto parsed = parse_untrusted(body);
    EXPECT_FALSE(parsed.ok());
    return parsed.ok() ? std::string() : parsed.error().message;
  };
  EXPECT_THAT(message(std::string(32U << 20U, '[')), HasSubstr("deeper than 16"));
  EXPECT_THAT(message(R"({"a":)" + std::string(17, '[') + std::string(17, ']') + "}"),
              HasSubstr("deeper than 16"));
  std::string many = R"({"file":"f","text":"t","numbers":[1)";
  for (size_t i = 0; i < kMaxJsonValues; ++i) many += ",1";
  EXPECT_THAT(message(many + "]}"), HasSubstr("more than 100000 values"));
  EXPECT_THAT(message("{\"file\": \"f\", text}"), HasSubstr("not JSON at byte 16"));
}

TEST(UntrustedJson, TakesAsManyKeysAsThereMayBe) {
  std::string body = R"({"file":"f","text":"t","files":{"0":"")";
  for (size_t i = 1; i + 4 < kMaxJsonValues; ++i) body += ",\"" + std::to_string(i) + "\":\"\"";
  const Result<lab::LabText> lab = parse_lab_text(body + "}}");
  ASSERT_TRUE(lab.ok());
  EXPECT_EQ(lab->files.size(), kMaxJsonValues - 4);
}

TEST(ExplainMessage, ReturnsAsItWasSent) {
  const ExplainRequest request{.app = {"web", 1, lab::TrafficClass::kImagePull},
                               .url = "tcp://10.0.0.1:80",
                               .source_port = 1234,
                               .verify = true};
  const Result<ExplainRequest> parsed = parse_explain_request(dump(to_json(request)));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->app, request.app);
  EXPECT_EQ(parsed->url, request.url);
  EXPECT_EQ(parsed->source_port, 1234);
  EXPECT_TRUE(parsed->verify);
}

TEST(ExplainMessage, IsAlsoOfAHost) {
  const ExplainRequest request{.app = {.host = "vm"}, .url = "tcp://10.0.0.1:80"};
  const Result<ExplainRequest> parsed = parse_explain_request(dump(to_json(request)));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->app, request.app);
  for (const char* body : {R"({"host":"vm","site":"web","url":"u"})", R"({"host":"","url":"u"})",
                           R"({"host":"vm","traffic":"image-pull","url":"u"})"}) {
    EXPECT_FALSE(parse_explain_request(body).ok()) << body;
  }
}

TEST(ExplainMessage, HasDefaultsForWhatIsOptional) {
  const Result<ExplainRequest> parsed =
      parse_explain_request(R"({"site":"web","url":"tcp://10.0.0.1:80"})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->app.instance, 0);
  EXPECT_EQ(parsed->app.traffic, lab::TrafficClass::kApplication);
  EXPECT_EQ(parsed->source_port, std::nullopt);
  EXPECT_FALSE(parsed->verify);
}

TEST(ExplainMessage, RefusesNumbersOutOfRange) {
  for (const char* field : {R"("sourcePort":65536)", R"("sourcePort":-1)", R"("sourcePort":"80")",
                            R"("sourcePort":1.5)", R"("sourcePort":18446744073709551615)",
                            R"("instance":-1)", R"("instance":4294967296)", R"("verify":1)"}) {
    const std::string body = std::string(R"({"site":"web","url":"u",)") + field + "}";
    EXPECT_FALSE(parse_explain_request(body).ok()) << body;
  }
}

TEST(ExplainMessage, NamesTheClassesOfTrafficWhereItIsNone) {
  const auto parsed =
      parse_explain_request(R"({"site":"web","url":"tcp://10.0.0.1:80","traffic":"images"})");
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.error().message, testing::AllOf(HasSubstr("'images' is no class of traffic"),
                                                     HasSubstr("image-pull")));
  EXPECT_FALSE(
      parse_explain_request(R"({"site":"web","url":"tcp://10.0.0.1:80","traffic":1})").ok());
}

TEST(IpFlowParameters, ReturnAsTheyWereSent) {
  for (const auto direction : {lab::Direction::kOutbound, lab::Direction::kInbound}) {
    for (const auto protocol : {Protocol::kTcp, Protocol::kUdp}) {
      const IpFlowRequest request{.app = {"web", 1},
                                  .flow = {direction, protocol, {0x0a010204}, 443, 1234}};
      const Result<IpFlowRequest> parsed = parse_ip_flow_request(to_parameters(request));
      ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
      EXPECT_EQ(parsed->app, request.app);
      EXPECT_EQ(parsed->flow.direction, direction);
      EXPECT_EQ(parsed->flow.protocol, protocol);
      EXPECT_EQ(parsed->flow.remote_address, request.flow.remote_address);
      EXPECT_EQ(parsed->flow.remote_port, 443);
      EXPECT_EQ(parsed->flow.local_port, 1234);
    }
  }
}

TEST(IpFlowParameters, AreRefusedWithTheOneThatIsWrong) {
  const Parameters right = to_parameters(IpFlowRequest{.app = {"web", 0}});
  const std::vector<std::pair<const char*, std::vector<const char*>>> wrong{
      {"site", {"", "/1"}},
      {"direction", {"", "outbound"}},
      {"protocol", {"", "ICMP"}},
      {"remoteIPAddress", {"", "10.1.2", "sql"}},
      {"remotePort", {"", "-1", "65536", "443x"}},
      {"localPort", {"", "65536"}}};
  for (const auto& [name, values] : wrong) {
    for (const char* value : values) {
      Parameters parameters = right;
      parameters[name] = value;
      const Result<IpFlowRequest> parsed = parse_ip_flow_request(parameters);
      ASSERT_FALSE(parsed.ok()) << name << "=" << value;
      EXPECT_EQ(parsed.error().code, Errc::kInvalid);
      EXPECT_THAT(parsed.error().message, ::testing::AnyOf(HasSubstr(name), HasSubstr(value)));
    }
    Parameters missing = right;
    missing.erase(name);
    EXPECT_FALSE(parse_ip_flow_request(missing).ok()) << name;
  }
}

TEST(NextHopParameters, ReturnAsTheyWereSentAndNeedAnAddress) {
  Parameters parameters =
      to_parameters(NextHopRequest{.app = {"web", 1}, .destination = {0x0a010204}});
  const Result<NextHopRequest> parsed = parse_next_hop_request(parameters);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->app, (lab::Sender{"web", 1}));
  EXPECT_EQ(parsed->destination.to_string(), "10.1.2.4");
  parameters["destinationIPAddress"] = "sql";
  EXPECT_THAT(parse_next_hop_request(parameters).error().message,
              HasSubstr("'destinationIPAddress' must be an IPv4 address"));
}

TEST(ResolveParameters, ReturnAsTheyWereSent) {
  const ResolveRequest request{.app = {"web", 1, lab::TrafficClass::kKeyVault},
                               .name = "sql.example.com",
                               .type = policy::RecordType::kTxt,
                               .verify = true};
  const auto parsed = parse_resolve_request({"web", 1}, to_parameters(request));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->app, request.app);
  EXPECT_EQ(parsed->name, request.name);
  EXPECT_EQ(parsed->type, request.type);
  EXPECT_TRUE(parsed->verify);
}

TEST(ResolveParameters, TakeNamesInAnyFormAndHaveDefaults) {
  const auto parsed = parse_resolve_request({}, {{"name", "SQL.Example.com."}});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->name, "sql.example.com");
  EXPECT_EQ(parsed->type, policy::RecordType::kA);
  EXPECT_FALSE(parsed->verify);
}

TEST(ResolveParameters, AreRefusedWhenTheyMeanNothing) {
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_TRUE(parse_resolve_request({}, {{"name", longest}}).ok());
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"), longest + "a",
        label + "a", std::string("a b"), std::string("a\\.b"), std::string("a\n")}) {
    EXPECT_FALSE(parse_resolve_request({}, {{"name", name}}).ok()) << name;
  }
  EXPECT_FALSE(parse_resolve_request({}, {{"name", "a"}, {"type", "B"}}).ok());
  EXPECT_FALSE(parse_resolve_request({}, {{"name", "a"}, {"verify", "yes"}}).ok());
  EXPECT_FALSE(parse_resolve_request({}, {{"name", "a"}, {"traffic", "images"}}).ok());
}

TEST(TrafficMessage, ReturnsAsItWasSentInAnyCase) {
  const TrafficRequest request{lab::TrafficClass::kContentShare};
  EXPECT_EQ(parse_traffic_request(dump(to_json(request)))->traffic, request.traffic);
  EXPECT_EQ(parse_traffic_request(R"({"traffic":"Content-Share"})")->traffic, request.traffic);
}

TEST(TrafficMessage, IsRefusedUnlessItNamesAClass) {
  for (const char* body : {"{}", R"({"traffic":1})", R"({"traffic":"images"})", "[]"}) {
    EXPECT_FALSE(parse_traffic_request(body).ok()) << body;
  }
}

TEST(AdvanceMessage, ReturnsAsItWasSent) {
  const auto parsed =
      parse_advance_request(dump(to_json(AdvanceRequest{std::chrono::seconds(240)})));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->by, std::chrono::seconds(240));
}

TEST(AdvanceMessage, IsRefusedUnlessItMovesOn) {
  for (const char* body :
       {"{}", R"({"advance":0})", R"({"advance":-4})", R"({"advance":"4m"})", R"({"advance":1.5})",
        R"({"advance":2147483648})", R"({"advance":18446744073709551615})"}) {
    const auto parsed = parse_advance_request(body);
    ASSERT_FALSE(parsed.ok()) << body;
    EXPECT_THAT(parsed.error().message, HasSubstr("\"advance\"")) << body;
  }
}

}  // namespace
}  // namespace egress::control

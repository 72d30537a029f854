// SPDX-License-Identifier: MIT

// Labs written as documents. That random and boundary labs load as they were written is shown where
// they are drawn (tests/oracle).

#include "lab/document.hpp"

#include <gtest/gtest.h>

#include "lab/validate.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

TEST(Document, OfEveryFileThatLoadsLoadsAsItWas) {
  size_t written = 0;
  for (const char* folder : {LAB_CONFIG "/examples", LAB_CASES}) {
    for (const auto& path : yaml_files(folder)) {
      SCOPED_TRACE(path);
      const Loaded loaded = load_file(path);
      if (!loaded.lab) continue;
      const auto text = write(*loaded.lab);
      ASSERT_TRUE(text.ok()) << text.error().to_string();
      const Loaded again = load(*text, "written.yaml", reader_beside(path));
      ASSERT_TRUE(again.lab) << errors_of(again);
      EXPECT_TRUE(*again.lab == *loaded.lab);
      EXPECT_EQ(write(*again.lab).value(), *text) << "there is one way to write a lab";
      EXPECT_FALSE(any_error(validate(*loaded.lab)));
      ++written;
    }
  }
  EXPECT_GE(written, 9U);
}

TEST(Document, KeepsWhatTextHolds) {
  Lab lab{.outbound_ip_addresses = {{0x14320104}}};
  lab.server_farms["p"];
  lab.sites["a"] = {.server_farm = "p",
                    .app_settings = {{"EMPTY", ""},
                                     {"NUMBER", "010"},
                                     {"TRUE", "True"},
                                     {"NULL", "~"},
                                     {"QUOTES", "\"'\\: #{}"},
                                     {"LINES", "a\nb\r\n\tc\x7f\x01"},
                                     {"WORDS", "\xc2\x85 \xe2\x80\xa8 \xf0\x9f\x98\x80"}}};
  ASSERT_FALSE(any_error(validate(lab)));
  const Loaded loaded = load_text(write(lab).value());
  ASSERT_TRUE(loaded.lab) << errors_of(loaded);
  EXPECT_EQ(loaded.lab->sites.at("a").app_settings, lab.sites.at("a").app_settings);
}

TEST(Document, TooLargeForTheLoaderIsNotWritten) {
  Lab lab;
  for (int i = 0; i < 40'000; ++i) {
    lab.hosts["host" + std::to_string(i)] = {
        .ip_address = {0x14000000U + static_cast<uint32_t>(i)}};
  }
  ASSERT_FALSE(any_error(validate(lab)));
  const auto text = write(lab);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().to_string(),
            "the lab cannot be written as a file: larger than 1048576 bytes");
}

TEST(Document, DeclaresTheLabThatItWasMadeOf) {
  for (const char* folder : {LAB_CONFIG "/examples", LAB_CASES}) {
    for (const auto& path : yaml_files(folder)) {
      const Loaded loaded = load_file(path);
      if (!loaded.lab) continue;
      const auto again = lab_of(document_of(*loaded.lab), loaded.lab->service_tags);
      ASSERT_TRUE(again.ok()) << path << ": " << again.error().to_string();
      EXPECT_TRUE(*again == *loaded.lab) << path;
    }
  }
}

TEST(Document, ThatDeclaresNoLabIsRefusedInTheWordsOfItsFirstError) {
  for (const auto& [json, message] :
       {std::pair{R"({"sites": {"s": {}}})", "sites.s: 'serverFarm' is missing"},
        {R"({"serviceTags": "tags.json"})",
         "serviceTags: cannot read 'tags.json': its service tags are not known"},
        {"7", "a map is expected, not '7'"},
        {"null", "the file holds no lab; write {} for an empty one"}}) {
    const auto lab = lab_of(Document::parse(json));
    ASSERT_FALSE(lab.ok()) << json;
    EXPECT_EQ(lab.error().code, Errc::kInvalid);
    EXPECT_EQ(lab.error().message, message);
  }
}

}  // namespace
}  // namespace egress::lab

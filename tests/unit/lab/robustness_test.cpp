// SPDX-License-Identifier: MIT

// Whatever bytes a client sends, the loader answers with findings: no crash, no memory that grows
// beyond the bounds of limits.hpp.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "lab/limits.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

std::string example() {
  return read_file(LAB_CONFIG "/examples/nsg-tour.yaml");
}

void expect_an_answer(const std::string& text) {
  const Loaded loaded = load(text, "lab.yaml", reader_beside(LAB_CONFIG "/examples/lab.yaml"));
  bool error = false;
  for (const Finding& finding : loaded.findings) {
    error = error || finding.severity == Severity::kError;
    EXPECT_FALSE(finding.message.empty());
    EXPECT_LT(finding.to_string().size(), 4096U);
  }
  EXPECT_EQ(loaded.lab.has_value(), !error);
}

std::string only_code(const std::string& text) {
  const Loaded loaded = load_text(text);
  EXPECT_EQ(loaded.findings.size(), 1U) << errors_of(loaded).substr(0, 2000);
  return loaded.findings.empty() ? std::string{} : loaded.findings.front().code;
}

TEST(HostileLabFile, CutAnywhereIsAnswered) {
  const std::string text = example();
  for (size_t length = 0; length < text.size(); length += 7) {
    expect_an_answer(text.substr(0, length));
  }
}

TEST(HostileLabFile, WithFlippedBytesIsAnswered) {
  const std::string text = example();
  std::mt19937 random(20260101);
  for (int round = 0; round < 400; ++round) {
    std::string broken = text;
    const size_t flips = 1 + random() % 4;
    for (size_t i = 0; i < flips; ++i) {
      broken[random() % broken.size()] = static_cast<char>(random() % 256);
    }
    expect_an_answer(broken);
  }
}

TEST(HostileLabFile, WithPiecesMovedAboutIsAnswered) {
  const std::string text = example();
  const std::string marks = "{}[]:,-?&*#!|>'\"%@`\n \t0";
  std::mt19937 random(20260102);
  for (int round = 0; round < 400; ++round) {
    std::string broken = text;
    const size_t from = random() % broken.size();
    const size_t length = random() % 200;
    broken.insert(random() % broken.size(), text.substr(from, length));
    broken.erase(random() % broken.size(), random() % 60);
    for (int i = 0; i < 3; ++i) {
      broken.insert(random() % broken.size(), 1, marks[random() % marks.size()]);
    }
    expect_an_answer(broken);
  }
}

TEST(HostileLabFile, WhoseDocumentsNeverEndIsRefused) {
  for (const char* text :
       {",", " ,", "# a lab\n,\n", ",  destinationPortRange: \"*\"}\nhosts:\n"}) {
    EXPECT_EQ(only_code(text), "many-documents") << text;
  }
  EXPECT_EQ(only_code("\"a\" , b"), "many-documents");
}

TEST(HostileLabFile, OfOnePieceOverAndOverIsAnswered) {
  for (const char* start : {"", "hosts: ", "hosts: [", "hosts: {a: ", "hosts: \""}) {
    for (const std::string piece :
         {"[",  "{",    "- ",   "-\n", "? ",  "?\n",   ": ",  ":\n",  ",",  "]",   "[? ",
          "[{", "{a: ", "[a: ", "a, ", "a: ", "a\n ",  "!a ", "!!a ", "!<", "&a ", "*a ",
          "\"", "'",    "|\n",  "%a ", "#",   "---\n", "\t",  "\n",   "\\"}) {
      std::string text = start;
      while (text.size() < 30'000) text += piece;
      expect_an_answer(text);
    }
  }
}

TEST(HostileLabFile, IsExplainedInTimeLinearInItsSize) {
  for (const std::string piece :
       {"[]\n", "{a: b}, ", "*a ", "a: \"b\"\n", "'", "// a\n", "a:b\n"}) {
    std::string text = "a: {\n";
    while (text.size() + 100 < kMaxFileBytes) text += piece;
    expect_an_answer(text + "]");
    expect_an_answer(text.substr(5) + "}");
  }
}

TEST(HostileLabFile, EverDeeperIndentedIsAnswered) {
  for (const std::string piece : {"a:\n", "-\n", "?\n", "- a:\n"}) {
    std::string text;
    for (size_t depth = 0; depth < 500; ++depth) text += std::string(depth, ' ') + piece;
    expect_an_answer(text);
  }
}

TEST(HostileLabFile, WhoseTagsMultiplyALongPrefixIsRefused) {
  std::string text =
      "%TAG !a! " + std::string(kMaxFileBytes / 2, 'x') + "\n---\noutboundIpAddresses:\n";
  while (text.size() + 10 < kMaxFileBytes) text += "- !a!x y\n";
  EXPECT_EQ(only_code(text), "tag-form");
  EXPECT_EQ(only_code("hosts: !<" + std::string(kMaxKeyLength + 1, 'x') + "> [1]"), "tag-form");
  EXPECT_EQ(only_code("hosts: !<" + std::string(kMaxKeyLength + 1, 'x') + "> {a: 1}"), "tag-form");
}

TEST(HostileLabFile, IsNotRepeatedInMessages) {
  expect_an_answer("hosts: *" + std::string(100'000, 'x'));
  expect_an_answer("%YAML " + std::string(100'000, '1') + "\n--- {}");
  expect_an_answer("serviceTags: " + std::string(100'000, 'x'));
  expect_an_answer(std::string(100'000, '\x01') + ": 1");
}

TEST(HostileLabFile, LargerThanTheBoundIsRefused) {
  EXPECT_EQ(only_code(std::string(kMaxFileBytes + 1, ' ')), "too-large");
}

TEST(HostileLabFile, NestedTooDeepIsRefused) {
  EXPECT_EQ(
      only_code("hosts: " + std::string(kMaxDepth + 1, '[') + std::string(kMaxDepth + 1, ']')),
      "too-deep");
  EXPECT_NE(only_code("hosts: " + std::string(100'000, '[')), "");
}

TEST(HostileLabFile, NestedTooDeepThroughAliasesIsRefused) {
  std::string text = "hosts: [&a0 [x]";
  for (size_t i = 1; i <= kMaxDepth; ++i) {
    text += fmt::format(", &a{} [*a{}]", i, i - 1);
  }
  EXPECT_EQ(only_code(text + "]"), "too-deep");
}

TEST(HostileLabFile, WithAnAliasBombIsRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 10; ++j) text += fmt::format("{}*a{}", j == 0 ? "" : ", ", i - 1);
    text += "]\n";
  }
  EXPECT_EQ(only_code(text), "too-many-values");
}

TEST(HostileLabFile, WithAnAliasBombOfLongTextIsRefused) {
  std::string text = "outboundIpAddresses:\n- &long \"" + std::string(100'000, 'x') + "\"\n";
  for (int i = 0; i < 1'000; ++i) text += "- *long\n";
  EXPECT_EQ(only_code(text), "too-many-values");
}

TEST(HostileLabFile, WithTooManyValuesIsRefused) {
  std::string text = "hosts: [";
  for (size_t i = 0; i < kMaxNodes + 1; ++i) text += "1,";
  EXPECT_EQ(only_code(text + "]"), "too-many-values");
}

TEST(HostileLabFile, WithAnAliasInsideItsOwnAnchorIsRefused) {
  EXPECT_EQ(only_code("hosts: &a [*a]"), "alias-loop");
}

TEST(HostileLabFile, WithManyMisspeltNamesIsAnsweredWithAFewOfThem) {
  std::string text = "outboundIpAddresses: [20.50.1.4]\nserverFarms:\n";
  for (int i = 0; i < 10'000; ++i) text += fmt::format("  plan-{}: {{}}\n", i);
  text += "sites:\n";
  for (int i = 0; i < 10'000; ++i)
    text += fmt::format("  site-{}: {{serverFarm: plam-{}}}\n", i, i);
  const Loaded loaded = load_text(text);
  EXPECT_EQ(loaded.findings.size(), kMaxFindings + 1);
}

}  // namespace
}  // namespace egress::lab

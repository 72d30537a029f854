// SPDX-License-Identifier: MIT

// Merge keys and maps that are there for their anchors. What goes wrong with them is in wrong/.

#include <gmock/gmock.h>

#include "lab/document.hpp"
#include "lab/edit.hpp"
#include "lab/limits.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

std::vector<int> capacities(const std::string& text) {
  const Loaded loaded = load_text(text);
  EXPECT_EQ(errors_of(loaded), "");
  std::vector<int> all;
  if (!loaded.lab) return all;
  for (const auto& [name, farm] : loaded.lab->server_farms) all.push_back(farm.capacity);
  return all;
}

TEST(Merge, TakesWhatIsNotThereItself) {
  EXPECT_EQ(capacities("serverFarms:\n  a: &a {capacity: 2, sku: S1}\n  b: {<<: *a}\n"
                       "  c: {capacity: 3, <<: *a}\n  d: {<<: *a, capacity: 4}\n"),
            (std::vector{2, 2, 3, 4}));
}

TEST(Merge, OfSeveralMapsTakesTheEarlierOne) {
  EXPECT_EQ(capacities("x-one: &one {capacity: 2}\nx-two: &two {capacity: 3, sku: S1}\n"
                       "serverFarms:\n  a: {<<: [*one, *two]}\n  b: {<<: [*two, *one]}\n"
                       "  c: {<<: [*one, {capacity: 7}]}\n  d: {<<: []}\n"),
            (std::vector{2, 3, 2, 1}));
}

TEST(Merge, GoesThroughWhatIsMergedItself) {
  EXPECT_EQ(capacities("x-a: &a {capacity: 5}\nx-b: &b {<<: *a, sku: S1}\nserverFarms: {p: *b}\n"),
            std::vector{5});
}

TEST(Merge, QuotedIsAKeyLikeAnother) {
  EXPECT_NE(errors_of(load_text("serverFarms: {p: {'<<': {capacity: 2}}}")), "");
}

TEST(Merge, IsNotInTheDocument) {
  const Loaded loaded =
      load_text("x-a: &a {capacity: 5}\nserverFarms: {p: *a, q: {<<: *a, sku: S1}}\n");
  ASSERT_TRUE(loaded.lab);
  const auto text = write(*loaded.lab);
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text,
              testing::Not(testing::AnyOf(testing::HasSubstr("<<"), testing::HasSubstr("x-a"))));
  const Loaded again = load_text(*text);
  EXPECT_EQ(again.lab, loaded.lab);
}

TEST(Merge, LeavesTheOtherPlacesWhenOneIsEdited) {
  const Loaded loaded =
      load_text("x-a: &a {capacity: 5}\nserverFarms: {p: *a, q: {<<: *a, sku: S1}}\n");
  ASSERT_TRUE(loaded.lab);
  const Loaded edited =
      edit(*loaded.lab, {{Edit::Verb::kPut, "serverFarms.p.capacity", "2"}}, no_files);
  ASSERT_TRUE(edited.lab) << errors_of(edited);
  EXPECT_EQ(edited.lab->server_farms.at("p").capacity, 2);
  EXPECT_EQ(edited.lab->server_farms.at("q").capacity, 5);
}

TEST(Merge, TellsOneMistakeOnce) {
  const Loaded loaded = load_text(
      "x-a: &a {capacity: two}\nserverFarms:\n  p: *a\n  q: {<<: *a}\n  r: {<<: *a, capacity: "
      "1}\n");
  ASSERT_EQ(loaded.findings.size(), 1U) << errors_of(loaded);
  EXPECT_EQ(loaded.findings[0].line, 1);
}

// Each level has all of the one before it, twice.
TEST(Merge, OfMergesIsBounded) {
  std::string text = "x-0: &a0 {";
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + ": [1, 2, 3], ";
  text += "}\n";
  for (int level = 1; level <= 20; ++level) {
    text += "x-" + std::to_string(level) + ": &a" + std::to_string(level) + " {<<: *a" +
            std::to_string(level - 1) + ", k: *a" + std::to_string(level - 1) + "}\n";
  }
  const Loaded loaded = load_text(text);
  ASSERT_EQ(loaded.findings.size(), 1U);
  EXPECT_EQ(loaded.findings[0].code, "too-many-values");
}

TEST(Extensions, AreForTheFileAlone) {
  const Loaded loaded = load_text("x-note: [{any: thing}]\nx-: 1\nlocation: westeurope\n");
  EXPECT_TRUE(loaded.lab && loaded.findings.empty()) << errors_of(loaded);
  EXPECT_NE(errors_of(load_text("serverFarms: {p: {x-note: 1}}")), "");
}

}  // namespace
}  // namespace egress::lab

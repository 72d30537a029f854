// SPDX-License-Identifier: MIT
#include "lifecycle/journal.hpp"

#include "tests/unit/lifecycle/transition_table.hpp"

namespace egress::lifecycle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A lab, and the operations on it.
class Lived {
 public:
  explicit Lived(lab::Lab lab) : file_(lab), lab_(std::move(lab)) {}

  Lived& then(const Operation& operation) {
    const lab::Lab next = after(operation, lab_);
    journal_ =
        recorded(std::move(journal_), {kNow, to_text(operation), lab::differences(&lab_, next)});
    lab_ = next;
    return *this;
  }

  // "OPERATION: PATH BEFORE > AFTER", a line for each change that `file` takes back.
  std::vector<std::string> undone_by(const lab::Lab& file) const {
    std::vector<std::string> lines;
    for (const Undone& undone : lifecycle::undone_by(journal_, lab_, file)) {
      EXPECT_EQ(undone.at, kNow);
      for (const lab::Difference& change : undone.changes) {
        lines.push_back(undone.operation + ": " + change.path + " " +
                        change.before.value_or("nothing") + " > " +
                        change.after.value_or("nothing"));
      }
    }
    return lines;
  }
  std::vector<std::string> undone() const { return undone_by(file_); }

  const lab::Lab& lab() const { return lab_; }

 private:
  lab::Lab file_;
  lab::Lab lab_;
  Journal journal_{};
};

Lived lived() {
  return Lived(small_lab());
}

Scale to(int capacity) {
  return {.server_farm = "plan", .capacity = capacity};
}

TEST(Journal, TellsWhichOperationAFileTakesBack) {
  EXPECT_THAT(lived().then(to(3)).undone(),
              ElementsAre("scale plan --capacity 3: serverFarms.plan.capacity 3 > 2"));
  EXPECT_THAT(lived().then(Disconnect{"web"}).undone(),
              ElementsAre("disconnect web: sites.web.virtualNetworkSubnet nothing > "
                          R"("spoke/integration")"));
}

TEST(Journal, TellsNothingOfWhatTheFileHasAsTheLab) {
  const Lived lab = lived().then(to(3)).then(Disconnect{"web"});
  EXPECT_THAT(lab.undone_by(lab.lab()), IsEmpty());
}

TEST(Journal, TellsNothingOfAFileThatSaysSomethingElse) {
  EXPECT_THAT(lived().then(to(3)).undone_by(
                  with(small_lab(), R"({"serverFarms": {"plan": {"capacity": 7}}})")),
              IsEmpty());
}

TEST(Journal, TakesBackOneOperationAfterTheOther) {
  const Lived lab = lived().then(to(3)).then(to(4)).then(to(5));
  EXPECT_THAT(lab.undone(),
              ElementsAre("scale plan --capacity 3: serverFarms.plan.capacity 3 > 2",
                          "scale plan --capacity 4: serverFarms.plan.capacity 4 > 3",
                          "scale plan --capacity 5: serverFarms.plan.capacity 5 > 4"));
  EXPECT_THAT(lab.undone_by(with(small_lab(), R"({"serverFarms": {"plan": {"capacity": 4}}})")),
              ElementsAre("scale plan --capacity 5: serverFarms.plan.capacity 5 > 4"));
}

TEST(Journal, TakesBackAResourceWhateverBecameOfIt) {
  const Lived lab = lived()
                        .then(Set{"serverFarms.more", "{sku: S1}"})
                        .then(Scale{.server_farm = "more", .capacity = 4});
  const auto undone = lab.undone();
  ASSERT_EQ(undone.size(), 1U);
  EXPECT_THAT(undone.front(), testing::StartsWith("set serverFarms.more '{sku: S1}': "));
  EXPECT_THAT(undone.front(), testing::EndsWith(" > nothing"));
}

TEST(Journal, KeepsTheLastThousand) {
  Journal journal;
  for (size_t i = 0; i < kMaxJournal + 2; ++i) {
    journal = recorded(std::move(journal), {.operation = std::to_string(i)});
  }
  EXPECT_EQ(journal.size(), kMaxJournal);
  EXPECT_EQ(journal.front().operation, "2");
  EXPECT_EQ(journal.back().operation, std::to_string(kMaxJournal + 1));
}

TEST(Journal, KeepsTheLastOfLargeChangesHoweverLarge) {
  const auto change = [](size_t bytes) {
    return Recorded{.changes = {{"sites", std::string(bytes, 'x'), std::nullopt}}};
  };
  Journal journal;
  for (int i = 0; i < 3; ++i)
    journal = recorded(std::move(journal), change(kMaxJournalBytes / 2 - 5));
  EXPECT_EQ(journal.size(), 2U);
  EXPECT_EQ(recorded(std::move(journal), change(kMaxJournalBytes + 1)).size(), 1U);
}

}  // namespace
}  // namespace egress::lifecycle

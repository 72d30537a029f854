// SPDX-License-Identifier: MIT
#include "tests/unit/state/nft_model.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/ip.hpp"

namespace egress::state {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string behind(const std::string& text, const std::string& mark) {
  const size_t at = text.find(mark);
  return at == std::string::npos ? "" : text.substr(at + mark.size());
}

bool is_regular(const std::string& hook) {
  return hook.empty();
}

bool leads_to_chain(const std::string& word) {
  return word == "goto" || word == "jump";
}

}  // namespace

void NftModel::run(const NftStep& step) {
  const State before = state_;
  if (const auto* rows = std::get_if<std::vector<NftElements>>(&step)) {
    for (const NftElements& elements : *rows) change_rows(elements);
  } else {
    std::istringstream script(std::get<std::string>(step));
    for (std::string line; std::getline(script, line);) {
      if (line.ends_with(" {")) {
        for (std::string more; std::getline(script, more) && more != "}";) line += more;
      }
      command(line);
    }
  }
  check_references();
  EXPECT_FALSE(state_ == before) << "a transaction without effect";
}

// "add element ip egressd NAME { ..."
void NftModel::command(const std::string& line) {
  const std::vector<std::string> words = words_of(line);
  ASSERT_GE(words.size(), 5U) << line;
  const std::string& verb = words[0];
  const std::string& kind = words[1];
  const std::string& name = words[4];
  const std::string rest = behind(line, " " + name);
  if (kind == "element") return change_elements(verb, name, behind(rest, "{"));
  if (kind == "rule") {
    ASSERT_EQ(state_.chains.count(name), 1U) << line;
    state_.chains[name].rules.push_back(rest.substr(1));
  } else if (verb == "add") {
    make(kind, name, rest);
  } else if (verb == "flush") {
    ASSERT_EQ(state_.chains.count(name), 1U) << line;
    state_.chains[name].rules.clear();
  } else {
    ASSERT_EQ(verb, "delete") << line;
    remove(kind, name);
  }
}

void NftModel::make(const std::string& kind, const std::string& name, const std::string& rest) {
  if (kind == "chain") {
    const std::string fixed = rest.substr(0, rest.find("policy"));
    const auto was = state_.chains.find(name);
    if (was != state_.chains.end()) {
      EXPECT_EQ(was->second.hook.substr(0, was->second.hook.find("policy")), fixed)
          << name << " is there with another hook";
    }
    state_.chains[name].hook = rest;
  } else {
    EXPECT_EQ(state_.sets.count(name), 0U) << name << " is there already";
    state_.sets[name].declaration = kind + rest;
  }
}

void NftModel::remove(const std::string& kind, const std::string& name) {
  EXPECT_FALSE(is_named(name, kind == "chain")) << kind << " " << name << " is in use";
  if (kind == "chain") {
    EXPECT_TRUE(state_.chains.count(name) == 0 || state_.chains[name].rules.empty())
        << name << " has rules";
    EXPECT_EQ(state_.chains.erase(name), 1U) << "no chain " << name;
  } else {
    EXPECT_EQ(state_.sets.erase(name), 1U) << "no set " << name;
  }
}

void NftModel::change_elements(const std::string& verb, const std::string& name,
                               const std::string& text) {
  std::istringstream stream(text);
  for (std::string element; std::getline(stream, element, ',');) {
    element.erase(0, element.find_first_not_of(' '));
    change_element(verb == "add", name, element);
  }
}

void NftModel::change_rows(const NftElements& elements) {
  for (const NftRow& row : elements.rows) {
    change_element(elements.verb == NftElementsVerb::kAdd, elements.map,
                   element_text(elements.declared, row));
  }
}

void NftModel::change_element(bool adds, const std::string& name, const std::string& element) {
  ASSERT_EQ(state_.sets.count(name), 1U) << "no set " << name;
  auto& elements = state_.sets[name].elements;
  const std::string key = element.substr(0, element.find(" : "));
  if (adds) {
    EXPECT_TRUE(elements.emplace(key, behind(element, " : ")).second)
        << element << " is in " << name << " already";
  } else {
    EXPECT_EQ(elements.erase(key), 1U) << element << " is not in " << name;
  }
}

bool NftModel::is_named(const std::string& name, bool is_chain) const {
  const auto names_it = [&](const std::string& text) {
    std::string before;
    for (const std::string& word : words_of(text)) {
      if (is_chain ? leads_to_chain(before) && word == name : word == "@" + name) return true;
      before = word;
    }
    return false;
  };
  for (const auto& [chain, content] : state_.chains) {
    if (std::any_of(content.rules.begin(), content.rules.end(), names_it)) return true;
  }
  for (const auto& [set, content] : state_.sets) {
    for (const auto& [key, target] : content.elements) {
      if (names_it(target)) return true;
    }
  }
  return false;
}

void NftModel::check_references() const {
  const auto check = [&](const std::string& text) {
    std::string before;
    for (const std::string& word : words_of(text)) {
      if (leads_to_chain(before)) {
        const auto chain = state_.chains.find(word);
        EXPECT_TRUE(chain != state_.chains.end() && is_regular(chain->second.hook)) << text;
      }
      if (word.starts_with("@")) {
        EXPECT_EQ(state_.sets.count(word.substr(1)), 1U) << text;
      }
      before = word;
    }
  };
  for (const auto& [name, chain] : state_.chains) {
    for (const std::string& rule : chain.rules) check(rule);
  }
  for (const auto& [name, set] : state_.sets) {
    for (const auto& [key, target] : set.elements) check(target);
  }
}

std::string NftModel::target(const std::string& set, const std::string& key) const {
  const auto& elements = state_.sets.at(set).elements;
  const auto found = elements.find(key);
  return found == elements.end() ? "" : found->second;
}

std::string NftModel::target(const std::string& set, uint32_t address) const {
  for (const auto& [key, value] : state_.sets.at(set).elements) {
    const auto first = Ipv4Address::parse(key.substr(0, key.find('-')));
    const auto last = Ipv4Address::parse(key.substr(key.find('-') + 1));
    if (first->bits <= address && address <= last->bits) return value;
  }
  return "";
}

std::optional<std::string> NftModel::walk(const std::string& chain, const std::string& port,
                                          uint32_t address, uint32_t& mark) const {
  for (const std::string& rule : state_.chains.at(chain).rules) {
    const std::vector<std::string> words = words_of(rule);
    const std::string set = words.back().substr(1);
    std::string next;
    if (rule.starts_with("iifname vmap")) {
      next = target(set, "\"" + port + "\"");
    } else if (rule.starts_with("meta mark vmap")) {
      next = target(set, fmt::format("{:#010x}", mark));
    } else if (rule.starts_with("meta mark set ip daddr map")) {
      const std::string found = target(set, address);
      if (!found.empty()) mark = static_cast<uint32_t>(std::stoul(found, nullptr, 16));
      continue;
    } else if (rule.starts_with("meta mark set")) {
      mark = static_cast<uint32_t>(std::stoul(words.back(), nullptr, 16));
      continue;
    } else if (words.front() == "jump") {
      if (auto verdict = walk(words.back(), port, address, mark)) return verdict;
      continue;
    } else if (rule == "return") {
      return std::nullopt;
    } else {
      return table_name(chain) + ": " + rule;
    }
    if (!next.empty()) return walk(words_of(next).back(), port, address, mark);
  }
  return std::nullopt;
}

std::string NftModel::fate(const std::string& port, uint32_t address) const {
  std::string all;
  for (const auto& [name, chain] : state_.chains) {
    uint32_t mark = 0;
    if (is_regular(chain.hook)) continue;
    all += walk(name, port, address, mark).value_or(table_name(name) + ": end") + chain.hook + "\n";
  }
  return all;
}

std::string NftModel::text() const {
  std::string text;
  for (const auto& [name, chain] : state_.chains) {
    text += fmt::format("chain {}{}\n", name, chain.hook);
    for (const std::string& rule : chain.rules) text += "  " + rule + "\n";
  }
  for (const auto& [name, set] : state_.sets) {
    text += fmt::format("{} {}\n", name, set.declaration);
    for (const auto& [key, target] : set.elements) text += fmt::format("  {} : {}\n", key, target);
  }
  return text;
}

NftPresent NftModel::present() const {
  NftPresent present;
  for (const auto& [name, chain] : state_.chains) {
    present.chains[name] = std::nullopt;
    if (is_regular(chain.hook)) continue;
    const std::vector<std::string> words = words_of(chain.hook);
    // "{ type filter hook forward priority 0; policy drop; }"
    present.chains[name] =
        NftHook{words.at(2), words.at(4), std::stoi(words.at(6)), words.at(8) == "drop;"};
  }
  for (const auto& [name, set] : state_.sets) {
    (set.declaration.starts_with("map") ? present.maps : present.sets).push_back(name);
  }
  return present;
}

}  // namespace egress::state

// SPDX-License-Identifier: MIT
// What users see of every answer: tests/unit/egressctl/screens has the documents, as a daemon gave
// them, and beside each what is printed of it. UPDATE_GOLDEN=1 writes that anew.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "egressctl/documents.hpp"
#include "egressctl/render/render.hpp"
#include "lab/yaml_text.hpp"
#include "tests/support/files.hpp"

namespace egress::ctl {
namespace {

struct Answered {
  const char* name;
  std::string (*render)(const Json&, const Screen&);
};

const Answered kAnswers[] = {
    {"clock", render_clock},
    {"dependencies", render_dependencies},
    {"explain",
     [](const Json& json, const Screen& screen) {
       return render_explanation(json, "shop/0", "tcp://pay.example.com:443", screen);
     }},
    {"graph", render_graph},
    {"leases", render_leases},
    {"noroute",
     [](const Json& json, const Screen& screen) {
       return render_explanation(json, "shop/0", "tcp://8.8.8.8:443", screen);
     }},
    {"plan", [](const Json& json,
                const Screen& screen) { return render_plan(json, KernelLines::kCounted, screen); }},
    {"resolve", [](const Json& json,
                   const Screen& screen) { return render_resolution(json, "shop/0", screen); }},
    {"routes", render_routes},
    {"rules", render_rules},
    {"startup", render_startup},
    {"status", render_status},
    {"test", [](const Json& json, const Screen&) { return render_tap(json, "lab.yaml"); }},
};

struct Form {
  const char* name;
  Screen screen;
};
constexpr Form kForms[] = {{"80", {.columns = 80}},
                           {"120", {.columns = 120}},
                           {"200", {.columns = 200}},
                           {"wide", {}},
                           {"colour", {.interactive = true, .columns = 100}}};

std::string path_of(const std::string& name) {
  return std::string(SCREENS) + "/" + name;
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = path_of(name);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(text, testing_support::read_file(path)) << path;
}

class Screens : public testing::TestWithParam<Answered> {};

TEST_P(Screens, AreAsTheyWere) {
  const auto& [name, render] = GetParam();
  const Json json = Json::parse(testing_support::read_file(path_of(std::string(name) + ".json")));
  for (const Form& form : kForms) {
    const std::string text = render(json, form.screen);
    expect_golden(std::string(name) + "." + form.name, text);
    // TAP is for programs, too.
    const bool bounded = form.screen.columns != 0 && !form.screen.interactive;
    if (!bounded || name == std::string("test")) continue;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(display_width(line), form.screen.columns) << name << ": " << line;
    }
  }
  expect_golden(std::string(name) + ".yaml", lab::yaml_text(json));
  expect_golden(std::string(name) + ".name", names_in(json));
}

INSTANTIATE_TEST_SUITE_P(Of, Screens, testing::ValuesIn(kAnswers),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace egress::ctl

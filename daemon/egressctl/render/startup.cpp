// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <iterator>

#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

namespace {

constexpr size_t kIndent = 2;
constexpr size_t kLogIndent = 4;

struct Word {
  const char* json;
  const char* shown;
  Paint paint;
};
constexpr Word kResults[] = {{"reached", "reached", Paint::kGreen},
                             {"forbidden", "forbidden", Paint::kRed},
                             {"refused", "refused", Paint::kRed},
                             {"timedOut", "time-out", Paint::kRed},
                             {"unresolved", "no address", Paint::kRed},
                             {"notInLab", "not in this lab", Paint::kDim},
                             {"ok", "ok", Paint::kGreen},
                             {"failed", "failed", Paint::kRed},
                             {"skipped", "skipped", Paint::kDim},
                             {"running", "running", Paint::kGreen},
                             {"starting", "starting", Paint::kYellow},
                             {"done", "done", Paint::kGreen}};

std::string result_of(const Json& object, const char* key, const Screen& screen) {
  const std::string text = text_of(object, key);
  for (const Word& word : kResults) {
    if (text == word.json) return painted(word.shown, word.paint, screen);
  }
  return printable(text);
}

// "direct as 20.50.1.4".
std::string way_of(const Json& call) {
  const std::string path = text_of(call, "path");
  const std::string source = text_of(call, "source");
  return path + (source.empty() ? "" : fmt::format("{}as {}", path.empty() ? "" : " ", source));
}

// "registry  tcp://images.azurecr.io:443 -> 20.61.97.140  direct as 20.50.1.4  forbidden".
std::string call_text(const Json& call, const Screen& screen) {
  std::string where = text_of(call, "url");
  if (const auto address = text_of(call, "address"); !address.empty()) where += " -> " + address;
  std::string text = text_of(call, "purpose");
  if (flag_of(call, "publicAttempt")) text += " (public attempt)";
  for (const std::string& part : {where, way_of(call)}) {
    if (!part.empty()) text += "  " + part;
  }
  return fmt::format("{}{}  {}\n", std::string(kIndent, ' '), printable(text),
                     result_of(call, "result", screen));
}

std::string step_text(const Json& step, const Screen& screen) {
  std::string text =
      fmt::format("\n{}  {}  {}\n", painted(text_of(step, "step"), Paint::kBold, screen),
                  printable(text_of(step, "what")), result_of(step, "result", screen));
  for (const Json& call : list_of(step, "calls")) text += call_text(call, screen);
  const std::string indent(kLogIndent, ' ');
  for (const std::string& line : texts_of(step, "log")) {
    text += indent + wrapped(printable(line), kLogIndent, screen.columns) + "\n";
  }
  return text;
}

}  // namespace

std::string render_startup(const Json& startup, const Screen& screen) {
  std::string text = fmt::format("{}/{}: {}", printable(text_of(startup, "site")),
                                 text_of(startup, "instance"), result_of(startup, "state", screen));
  if (const std::string at = text_of(startup, "startedAt"); !at.empty()) text += ", " + at;
  text += "\n";
  for (const Json& step : list_of(startup, "steps")) text += step_text(step, screen);
  for (const std::string& note : texts_of(startup, "notes")) {
    text += fmt::format("\n{}: {}\n", painted("note", Paint::kYellow, screen),
                        wrapped(printable(note), 0, screen.columns));
  }
  for (const std::string& difference : texts_of(startup, "differences")) {
    text += fmt::format("\n{}: {}\n",
                        painted("performed otherwise than predicted", Paint::kRed, screen),
                        printable(difference));
  }
  return text;
}

std::string render_not_running(const Json& result, const Screen& screen) {
  std::string text;
  for (const Json& app : list_of(result, "notRunning")) {
    text += fmt::format("{}: {} does not run: {}: {}\n", painted("warning", Paint::kYellow, screen),
                        printable(text_of(app, "app")), text_of(app, "step"),
                        printable(text_of(app, "reason")));
  }
  return text;
}

}  // namespace egress::ctl

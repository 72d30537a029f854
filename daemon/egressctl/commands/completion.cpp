// SPDX-License-Identifier: MIT
#include "egressctl/completion.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "egressctl/commands/commands.hpp"
#include "lab/load.hpp"

namespace egress::ctl {

namespace {

// Whoever presses a key waits no longer for a daemon that does not answer.
constexpr suseconds_t kPatienceMicroseconds = 200'000;

void end_in_time() {
  std::signal(SIGALRM, [](int) { _exit(kTrouble); });
  const itimerval timer{.it_interval = {}, .it_value = {0, kPatienceMicroseconds}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

std::optional<lab::Lab> lab_in_force(const Client& client) {
  const Answer answer = client.get("/v1/lab");
  const Json* const lab = std::get_if<Json>(&answer);
  if (lab == nullptr) return std::nullopt;
  lab::LabText text{.file = "lab", .text = text_of(*lab, "text")};
  const Json& files = member(*lab, "files");
  if (files.is_object()) {
    for (const auto& [path, content] : files.items())
      text.files[path] = text_of(files, path.c_str());
  }
  return lab::load(text).lab;
}

// The daemon that the words are for.
Client client_of(const std::vector<std::string>& words, const Client& otherwise) {
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i - 1] == "--socket") return Client(words[i]);
  }
  return otherwise;
}

}  // namespace

void add_completion_commands(CLI::App& app, const std::vector<std::string>& words, Action& chosen) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* script = add_command(app, kOtherGroup, "completion", "Print completion for a shell",
                                 "Example: source <(egressctl completion bash)");
  script->add_option(kShell, *shell)->required()->check(CLI::IsMember(shells()).description(""));
  when_chosen(*script, chosen, [shell](const Context& context) {
    context.console.print(*completion_script(*shell));
    return static_cast<int>(kDone);
  });
  // For the scripts: no help shows it.
  CLI::App* complete = add_command(app, "", "complete", "Print what may stand where the cursor is",
                                   "Example: egressctl complete -- explain w");
  when_chosen(*complete, chosen, [&app, &words](const Context& context) {
    end_in_time();
    const Client client = client_of(words, context.client);
    for (const std::string& each :
         completions(app, words, [&client] { return lab_in_force(client); })) {
      context.console.print(each + "\n");
    }
    return static_cast<int>(kDone);
  });
}

}  // namespace egress::ctl

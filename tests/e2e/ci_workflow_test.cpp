// SPDX-License-Identifier: MIT
// config/ci/github-actions.yaml does what it says: its steps are run as a runner would run them, on
// a machine of their own. The package manager is stood in for, as the programs under test are the
// built ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/folder.hpp"
#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;
using ::testing::HasSubstr;

YAML::Node job() {
  return YAML::LoadFile(CI_WORKFLOW)["jobs"]["network"];
}

// What the runner hands to bash, step by step.
std::vector<std::string> scripts_of(const YAML::Node& steps) {
  std::vector<std::string> scripts;
  for (const YAML::Node& step : steps) {
    if (step["run"]) scripts.push_back(step["run"].as<std::string>());
  }
  return scripts;
}

// A repository with the lab, in which the job's steps run one after the other until one fails.
class Repository {
 public:
  explicit Repository(const std::string& lab) {
    std::filesystem::create_directory(folder_.path() / "network");
    folder_.write("network/lab.yaml", lab);
    std::filesystem::create_directory(folder_.path() / "bin");
    const std::string manager =
        folder_.write("bin/apt-get", "#!/bin/sh\necho \"$@\" >> " + folder_ / "packages" + "\n");
    std::filesystem::permissions(manager, std::filesystem::perms::owner_all);
    int number = 0;
    for (const std::string& script : scripts_of(job()["steps"])) {
      folder_.write("step-" + std::to_string(++number), script);
    }
  }

  Outcome run_steps() const {
    const auto folder_of = [](const char* program) {
      return std::filesystem::path(program).parent_path().string();
    };
    // As `shell: bash` does.
    return run({"unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                "--", "bash", "-euc", R"(
                  mount -t tmpfs tmpfs /run
                  mkdir /run/netns
                  mount -t tmpfs tmpfs /var/lib
                  ip link set lo up
                  cd "$0"
                  PATH=$0/bin:$1:$2:$PATH
                  for step in step-*; do
                    bash --noprofile --norc -eo pipefail "$step"
                  done)",
                folder_.path().string(), folder_of(EGRESSD_PROGRAM), folder_of(EGRESSCTL_PROGRAM)});
  }
  std::string file(const std::string& name) const { return read_file(folder_.path() / name); }

 private:
  Folder folder_{};
};

const std::string kExample = EXAMPLES_DIRECTORY "/hub-spoke-firewall.yaml";

TEST(CiWorkflow, RunsOnABareMachineThatMayMakeNamespaces) {
  EXPECT_EQ(job()["container"]["image"].as<std::string>(), "debian:12");
  EXPECT_EQ(job()["container"]["options"].as<std::string>(), "--privileged");
  EXPECT_EQ(job()["defaults"]["run"]["shell"].as<std::string>(), "bash");
}

TEST(CiWorkflow, TestsTheLabOfTheRepository) {
  const Repository repository(read_file(kExample));
  const Outcome outcome = repository.run_steps();
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err << repository.file("egressd.log");
  EXPECT_THAT(repository.file("packages"), HasSubstr("./network/egressd_*.deb"));
  EXPECT_THAT(repository.file("network.xml"),
              HasSubstr("failures=\"0\" errors=\"0\" skipped=\"0\""));
}

TEST(CiWorkflow, FailsWhereAnExpectationDoes) {
  const Repository repository(replaced(read_file(kExample), "to: tcp://vault:443, expect: allow",
                                       "to: tcp://vault:443, expect: deny"));
  const Outcome outcome = repository.run_steps();
  EXPECT_EQ(outcome.status, 1) << outcome.out << outcome.err;
  EXPECT_THAT(repository.file("network.xml"), HasSubstr("failures=\"1\""));
}

}  // namespace
}  // namespace egress::e2e

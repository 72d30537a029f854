// SPDX-License-Identifier: MIT
#pragma once

// Lab files as people write them wrong, under wrong/: what a user reads, a line "---", and how the
// file differs from wrong/base.yaml. Lines that begin with ' ' or '-' stand there, those with '+'
// do in the file, those with '-' do not; a line without any of them parts one place from the next.
// Where there are only '+' the file is those alone.

#include <string>

namespace egress::lab {

struct WrongLab {
  std::string expected{};
  std::string changes{};  // as written
  std::string text{};     // of the lab file
};

WrongLab read_wrong_lab(const std::string& path);

}  // namespace egress::lab

// SPDX-License-Identifier: MIT
#include "kernel/nft/context.hpp"

#include <nftables/libnftables.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/unique_fd.hpp"

namespace egress::kernel {
namespace {

constexpr const char* kRefusedByKernel = "Could not process rule";
// nft quotes the whole offending command below its message; a large set would fill pages.
constexpr size_t kLongestWords = 500;

std::string words_of(nft_ctx* context, const std::string& script_path) {
  const char* text = nft_ctx_get_error_buffer(context);
  std::string words = text == nullptr ? "" : text;
  const std::string place = script_path + ":";
  for (size_t at = 0; (at = words.find(place, at)) != std::string::npos;) {
    words.replace(at, place.size(), "line ");
  }
  if (words.size() > kLongestWords) words = words.substr(0, kLongestWords) + "...";
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
  return words;
}

}  // namespace

void NftContext::Free::operator()(nft_ctx* context) const {
  nft_ctx_free(context);
}

Result<NftContext> NftContext::open() {
  NftContext made(nft_ctx_new(NFT_CTX_DEFAULT));
  if (!made.context_ || nft_ctx_buffer_output(made.context_.get()) != 0 ||
      nft_ctx_buffer_error(made.context_.get()) != 0) {
    return Error{.code = Errc::kKernel, .message = "open libnftables"};
  }
  return made;
}

// From a file, though it is in memory: for buffers nft 1.0.6 quotes the first line as the wrong
// one, whichever it is.
Status NftContext::run(const std::string& script) {
  const UniqueFd file(memfd_create("script", MFD_CLOEXEC));
  if (!file.valid()) return Error::from_errno("nft: make a memory file");
  for (size_t written = 0; written < script.size();) {
    const ssize_t size = write(file.get(), script.data() + written, script.size() - written);
    if (size < 0) return Error::from_errno("nft: write a memory file");
    written += static_cast<size_t>(size);
  }
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  errno = 0;
  if (nft_run_cmd_from_filename(context_.get(), path.c_str()) == 0) return {};
  const int sys_errno = errno;
  const std::string words = words_of(context_.get(), path);
  // errno tells something only when the kernel was asked; nft refuses scripts by itself too.
  Error error{.code = Errc::kInvalid, .message = "nft"};
  if (words.find(kRefusedByKernel) != std::string::npos)
    error = Error::from_errno("nft", sys_errno);
  error.kernel_text = words;
  return error;
}

Result<std::string> NftContext::list(const std::string& command) {
  nft_ctx_output_set_flags(context_.get(), NFT_CTX_OUTPUT_JSON);
  RETURN_IF_ERROR(run(command));
  const char* text = nft_ctx_get_output_buffer(context_.get());
  return std::string(text == nullptr ? "" : text);
}

void UsedNftContexts::keep(NftContext context) {
  constexpr size_t kMost = 64;
  if (contexts_.size() == kMost) contexts_.pop_front();
  contexts_.push_back(std::move(context));
}

}  // namespace egress::kernel

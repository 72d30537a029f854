// SPDX-License-Identifier: MIT
#include "kernel/nftables.hpp"

#include <nftables/libnftables.h>

#include <algorithm>
#include <cerrno>

namespace egress::kernel {
namespace {

// nft quotes the whole offending command below its message; a large set would fill pages.
constexpr size_t kLongestWords = 500;

std::string words_of(nft_ctx* context) {
  const char* text = nft_ctx_get_error_buffer(context);
  std::string words = text == nullptr ? "" : text;
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

Status NftContext::run(const std::string& script) {
  errno = 0;
  if (nft_run_cmd_from_buffer(context_.get(), script.c_str()) == 0) return {};
  Error error = Error::from_errno("nft", errno);
  error.kernel_text = words_of(context_.get());
  return error;
}

Result<std::string> NftContext::list(const std::string& command) {
  nft_ctx_output_set_flags(context_.get(), NFT_CTX_OUTPUT_JSON);
  RETURN_IF_ERROR(run(command));
  const char* text = nft_ctx_get_output_buffer(context_.get());
  return std::string(text == nullptr ? "" : text);
}

}  // namespace egress::kernel

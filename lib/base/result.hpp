// SPDX-License-Identifier: MIT
#pragma once

// How fallible functions answer: a value or an Error that names the object, what failed and why.
// Nothing here throws; a Result that is read without having been checked ends the process.

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace egress {

enum class Errc {
  kInvalid,      // the caller's or the user's input breaks a rule
  kNotFound,     // the named thing does not exist
  kExists,       // it exists, and differs from what was asked for
  kBusy,         // held by somebody else for now
  kDenied,       // the process lacks the right
  kUnsupported,  // this kernel or this version cannot do it
  kConflict,     // a rule of the service refuses it in the present state
  kKernel,       // any other refusal of the kernel
  kBug,          // one of our own invariants is broken
};

// The stable spelling that users and programs see, such as "not-found".
const char* errc_name(Errc code);

struct [[nodiscard]] Error {
  Errc code = Errc::kBug;
  int sys_errno = 0;          // as captured at the call, 0 when no system call failed
  std::string message{};      // what failed, naming the object
  std::string kernel_text{};  // the kernel's own words (extended ack, nft), or empty

  // Prepends `context`, outermost first: "apply lab: add route ...: Network is unreachable".
  Error in(const std::string& context) &&;
  // One line for people: message, errno text, the kernel's words in parentheses.
  std::string to_string() const;

  // Captures errno (or `sys_errno` when given) and chooses the code that fits it.
  static Error from_errno(std::string message);
  static Error from_errno(std::string message, int sys_errno);
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  // Of a Result that goes away the value itself, not a reference: a loop over it has what it walks.
  T& value() & { return get<T>(); }
  const T& value() const& { return get<T>(); }
  T value() && { return std::move(get<T>()); }
  T* operator->() { return &get<T>(); }
  const T* operator->() const { return &get<T>(); }
  T& operator*() & { return get<T>(); }
  const T& operator*() const& { return get<T>(); }
  T operator*() && { return std::move(get<T>()); }

  Error& error() & { return get<Error>(); }
  const Error& error() const& { return get<Error>(); }
  Error&& error() && { return std::move(get<Error>()); }

 private:
  template <typename U>
  U& get() {
    U* held = std::get_if<U>(&state_);
    if (held == nullptr) std::abort();
    return *held;
  }
  template <typename U>
  const U& get() const {
    const U* held = std::get_if<U>(&state_);
    if (held == nullptr) std::abort();
    return *held;
  }

  std::variant<T, Error> state_;
};

// Success, or the Error: a Result without a value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }

  Error& error() & { return get(); }
  const Error& error() const& { return const_cast<Status*>(this)->get(); }
  Error&& error() && { return std::move(get()); }

 private:
  Error& get() {
    if (!error_) std::abort();
    return *error_;
  }
  std::optional<Error> error_{};
};

// Ends the process with `why`: for broken invariants of our own, never for kernel or user input.
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line);

}  // namespace egress

#define EG_CHECK(condition, why) \
  ((condition) ? void(0) : ::egress::check_failed(#condition, why, __FILE__, __LINE__))

#define EG_CONCAT_INNER(a, b) a##b
#define EG_CONCAT(a, b) EG_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expression)                       \
  do {                                                    \
    if (auto eg_status = (expression); !eg_status.ok()) { \
      return std::move(eg_status).error();                \
    }                                                     \
  } while (false)

#define ASSIGN_OR_RETURN(declaration, expression) \
  EG_ASSIGN_OR_RETURN(EG_CONCAT(eg_result_, __LINE__), declaration, expression)
#define EG_ASSIGN_OR_RETURN(result, declaration, expression) \
  auto result = (expression);                                \
  if (!result.ok()) return std::move(result).error();        \
  declaration = std::move(result).value()

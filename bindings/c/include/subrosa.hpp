// SPDX-License-Identifier: MIT OR Apache-2.0
//
// subrosa.h for C++11 and later: handles that free themselves, and errors as exceptions. Header only.

#ifndef SUBROSA_HPP
#define SUBROSA_HPP

#include "subrosa.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace subrosa {

/// What a call of subrosa.h returned, if it was not Ok. `what()` is its text.
class Error : public std::runtime_error {
public:
  Error(SubrosaCode code, const std::string &text) : std::runtime_error(text), code(code) {}
  /// The name of the code, the same in all languages.
  const char *name() const { return subrosa_code_name(code); }
  const SubrosaCode code;
};

/// Reads bytes by a call that fills a buffer.
template <typename Fill> std::string read(Fill fill);

/// Throws unless a call went well.
inline void check(SubrosaCode code) {
  if (code != SUBROSA_CODE_OK) {
    throw Error(code, read([](SubrosaBuffer *to) { return subrosa_error_text(to); }));
  }
}

template <typename Fill> std::string read(Fill fill) {
  SubrosaBuffer buffer = {nullptr, 0, 0};
  SubrosaCode code = fill(&buffer);
  std::string out(buffer.length, '\0');
  if (code == SUBROSA_CODE_BUFFER_TOO_SMALL) {
    buffer.data = reinterpret_cast<uint8_t *>(&out[0]);
    buffer.capacity = out.size();
    code = fill(&buffer);
  }
  if (code != SUBROSA_CODE_OK) {
    throw Error(code, "no bytes: see the name of the code");
  }
  return out;
}

/// Bytes of a string, which must live as long as the call.
inline SubrosaBytes bytes(const std::string &text) {
  return SubrosaBytes{reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

/// A handle that is freed with its owner.
class Handle {
public:
  Handle() : handle(0) {}
  explicit Handle(SubrosaHandle handle) : handle(handle) {}
  Handle(Handle &&other) noexcept : handle(other.handle) { other.handle = 0; }
  Handle &operator=(Handle &&other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  Handle(const Handle &) = delete;
  Handle &operator=(const Handle &) = delete;
  ~Handle() { subrosa_free(handle); }
  operator SubrosaHandle() const { return handle; }
  /// A place for a new handle; the one before is freed.
  SubrosaHandle *out() {
    subrosa_free(handle);
    handle = 0;
    return &handle;
  }

private:
  SubrosaHandle handle;
};

/// A store in memory.
inline SubrosaHandle make_store() {
  SubrosaHandle store;
  check(subrosa_store_new(&store));
  return store;
}

/// Commits a stage to a store in memory, and gives its output.
inline Handle commit(const Handle &stage, const Handle &store) {
  Handle output;
  check(subrosa_stage_commit_to(stage, store, output.out()));
  return output;
}

} // namespace subrosa

#endif

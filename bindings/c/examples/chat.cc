// SPDX-License-Identifier: MIT OR Apache-2.0
#include "subrosa.hpp"
#include <chrono>
#include <iostream>
using namespace subrosa;
int main() {
  auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  Handle store(make_store()), stage, alice, bob, upload, bundle, session, back, message, text;
  check(subrosa_account_generate("alice", 1, subrosa_account_options(), stage.out())), alice = commit(stage, store);
  Handle bobs(make_store());
  check(subrosa_account_generate("bob", 1, subrosa_account_options(), stage.out())), bob = commit(stage, bobs);
  check(subrosa_account_maintain(bob, 0, 0, now, stage.out())), upload = commit(stage, bobs);
  check(subrosa_upload_next_bundle(upload, bundle.out())), check(subrosa_account_new_session(alice, "bob", 1, session.out()));
  check(subrosa_session_initiate(session, alice, bundle, {}, now, stage.out())), commit(stage, store);
  check(subrosa_session_encrypt(session, bytes("hello"), {}, now, stage.out())), message = commit(stage, store);
  std::string wire = read([&](SubrosaBuffer *to) { return subrosa_message_bytes(message, to); });
  check(subrosa_account_new_session(bob, "alice", 1, back.out()));
  check(subrosa_account_receive(bob, back, 3, bytes(wire), {}, stage.out())), text = commit(stage, bobs);
  std::cout << "Bob reads \"" << read([&](SubrosaBuffer *to) { return subrosa_bytes(text, to); }) << "\".\n"; }

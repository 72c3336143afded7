/* SPDX-License-Identifier: MIT OR Apache-2.0 — two devices in one program: cc chat.c -lsubrosa_c */
#include <stdio.h>
#include <time.h>
#include "subrosa.h"
#define TRY(call) if ((call) != SUBROSA_CODE_OK) return fprintf(stderr, "failed: %s\n", #call), 1
int main(void) {
  SubrosaHandle stage, store, alice, bob, upload, bundle, session, done, message, back, text; uint8_t kind, wire[4096], read[99];
  struct SubrosaAccountOptions usual = subrosa_account_options(); const struct SubrosaBytes nobody = {0}; uint64_t now = 1000ull * time(NULL);
  struct SubrosaBuffer on_wire = {wire, sizeof wire, 0}, shown = {read, sizeof read, 0};
  TRY(subrosa_store_new(&store)); /* A real program has a database: see README.md. */
  TRY(subrosa_account_generate("alice", 1, usual, &stage)); TRY(subrosa_stage_commit(stage, &alice));
  TRY(subrosa_account_generate("bob", 1, usual, &stage)); TRY(subrosa_stage_commit_to(stage, store, &bob));
  TRY(subrosa_account_maintain(bob, 0, 0, now, &stage)); TRY(subrosa_stage_commit_to(stage, store, &upload));
  TRY(subrosa_upload_next_bundle(upload, &bundle)); TRY(subrosa_account_new_session(alice, "bob", 1, &session));
  TRY(subrosa_session_initiate(session, alice, bundle, nobody, now, &stage)); TRY(subrosa_stage_commit(stage, &done));
  TRY(subrosa_session_encrypt(session, (struct SubrosaBytes){(const uint8_t *)"hello", 5}, nobody, now, &stage)); TRY(subrosa_stage_commit(stage, &message));
  TRY(subrosa_message_kind(message, &kind)); TRY(subrosa_message_bytes(message, &on_wire)); TRY(subrosa_account_new_session(bob, "alice", 1, &back));
  TRY(subrosa_account_receive(bob, back, kind, (struct SubrosaBytes){wire, on_wire.length}, nobody, &stage)); TRY(subrosa_stage_commit_to(stage, store, &text));
  TRY(subrosa_bytes(text, &shown)); printf("Bob reads \"%.*s\".\n", (int)shown.length, (char *)read);
  return subrosa_free_all(); }

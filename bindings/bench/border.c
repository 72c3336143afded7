/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What a message costs in C: as core/examples/border.rs. */

#include "subrosa.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define OK(call)                                                                                             \
  do {                                                                                                       \
    if ((call) != SUBROSA_CODE_OK) exit(fprintf(stderr, "failed: %s\n", #call));                             \
  } while (0)

static const uint64_t NOW = 1700000000000u;
static uint8_t text[1024], wire[1 << 14], writes[1 << 16];

static SubrosaHandle commit(SubrosaHandle stage) {
  SubrosaHandle output;
  struct SubrosaBuffer all = {writes, sizeof writes, 0};
  OK(subrosa_stage_writes(stage, &all));
  OK(subrosa_stage_commit(stage, &output));
  OK(subrosa_free(stage));
  return output;
}

static void pass(SubrosaHandle sender, SubrosaHandle account, SubrosaHandle receiver) {
  const struct SubrosaBytes nobody = {0};
  struct SubrosaBuffer sent = {wire, sizeof wire, 0};
  SubrosaHandle stage, message;
  uint8_t kind;
  OK(subrosa_session_encrypt(sender, (struct SubrosaBytes){text, sizeof text}, nobody, NOW, &stage));
  message = commit(stage);
  OK(subrosa_message_kind(message, &kind));
  OK(subrosa_message_bytes(message, &sent));
  OK(subrosa_free(message));
  OK(subrosa_account_receive(account, receiver, kind, (struct SubrosaBytes){wire, sent.length}, nobody, &stage));
  OK(subrosa_free(commit(stage)));
}

int main(void) {
  enum { ROUNDS = 1000 };
  struct SubrosaAccountOptions few = subrosa_account_options();
  SubrosaHandle stage, alice, bob, upload, bundle, to, from;
  struct timespec begun, ended;
  few.batch = 3, few.low = 1;
  OK(subrosa_account_generate("alice", 1, few, &stage));
  alice = commit(stage);
  OK(subrosa_account_generate("bob", 1, few, &stage));
  bob = commit(stage);
  OK(subrosa_account_maintain(bob, 0, 0, NOW, &stage));
  OK(subrosa_stage_commit(stage, &upload));
  OK(subrosa_upload_next_bundle(upload, &bundle));
  OK(subrosa_account_new_session(alice, "bob", 1, &to));
  OK(subrosa_account_new_session(bob, "alice", 1, &from));
  OK(subrosa_session_initiate(to, alice, bundle, (struct SubrosaBytes){0}, NOW, &stage));
  commit(stage);
  pass(to, bob, from);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
  for (int n = 0; n < ROUNDS; n++) pass(from, alice, to), pass(to, bob, from);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
  printf("c                %7.1f us a message\n",
         ((double)(ended.tv_sec - begun.tv_sec) * 1e6 + (double)(ended.tv_nsec - begun.tv_nsec) / 1e3) / (2 * ROUNDS));
  return subrosa_free_all();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What misuse gives, and frees in every order. Run under valgrind: no leak, no invalid access. */

#include "subrosa.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t NOW = 1700000000000u;
static const struct SubrosaBytes NONE = {NULL, 0};

#define IS(code, call)                                                                                       \
  do {                                                                                                       \
    enum SubrosaCode got = (call);                                                                           \
    if (got != (code)) {                                                                                     \
      fprintf(stderr, "%s:%d: %s gave %s, not %s\n", __FILE__, __LINE__, #call, subrosa_code_name(got),      \
              subrosa_code_name(code));                                                                      \
      exit(1);                                                                                               \
    }                                                                                                        \
  } while (0)
#define OK(call) IS(SUBROSA_CODE_OK, call)

static struct SubrosaBytes text(const char *text) {
  struct SubrosaBytes bytes = {(const uint8_t *)text, strlen(text)};
  return bytes;
}

static void free_all(const SubrosaHandle *handles, size_t count) {
  for (size_t place = 0; place < count; place++) OK(subrosa_free(handles[place]));
}

struct pair {
  SubrosaHandle store, alice, bob, upload, bundle, with_bob, with_alice;
};

static SubrosaHandle commit(SubrosaHandle stage) {
  SubrosaHandle output;
  OK(subrosa_stage_commit(stage, &output));
  OK(subrosa_free(stage));
  return output;
}

static struct pair pair(void) {
  struct pair p;
  struct SubrosaAccountOptions few = subrosa_account_options();
  SubrosaHandle stage;
  few.batch = 3, few.low = 1;
  OK(subrosa_store_new(&p.store));
  OK(subrosa_account_generate("alice", 1, few, &stage));
  p.alice = commit(stage);
  OK(subrosa_account_generate("bob", 1, few, &stage));
  OK(subrosa_stage_commit_to(stage, p.store, &p.bob));
  OK(subrosa_free(stage));
  OK(subrosa_account_maintain(p.bob, 0, 0, NOW, &stage));
  OK(subrosa_stage_commit_to(stage, p.store, &p.upload));
  OK(subrosa_free(stage));
  OK(subrosa_upload_next_bundle(p.upload, &p.bundle));
  OK(subrosa_account_new_session(p.alice, "bob", 1, &p.with_bob));
  OK(subrosa_account_new_session(p.bob, "alice", 1, &p.with_alice));
  OK(subrosa_session_initiate(p.with_bob, p.alice, p.bundle, NONE, NOW, &stage));
  commit(stage);
  return p;
}

static void free_pair(const struct pair *p) {
  const SubrosaHandle all[] = {p->store, p->alice, p->bob, p->upload, p->bundle, p->with_bob, p->with_alice};
  free_all(all, sizeof all / sizeof *all);
}

static struct SubrosaBytes encrypt(const struct pair *p, const char *what, uint8_t *kind, uint8_t *wire) {
  SubrosaHandle stage, message;
  struct SubrosaBuffer buffer = {wire, 4096, 0};
  struct SubrosaBytes bytes;
  OK(subrosa_session_encrypt(p->with_bob, text(what), NONE, NOW, &stage));
  message = commit(stage);
  OK(subrosa_message_kind(message, kind));
  OK(subrosa_message_bytes(message, &buffer));
  OK(subrosa_free(message));
  bytes.data = wire, bytes.length = buffer.length;
  return bytes;
}

/* A conversation, its errors, and a restart from rows. */
static void conversation(void) {
  struct pair p = pair();
  uint8_t kind, wire[4096], read[64], *rows;
  struct SubrosaBuffer buffer = {read, sizeof read, 0}, asked = {NULL, 0, 0}, b;
  struct SubrosaBytes sent = encrypt(&p, "hello", &kind, wire), stored;
  SubrosaHandle stage, output, again, bob, session, advice, request;
  uint32_t show;
  OK(subrosa_account_receive(p.bob, p.with_alice, kind, sent, NONE, &stage));
  OK(subrosa_stage_output_for_the_same_transaction(stage, &output));
  OK(subrosa_free(output));
  OK(subrosa_stage_commit_to(stage, p.store, &output));
  OK(subrosa_bytes(output, &buffer));
  if (buffer.length != 5 || memcmp(read, "hello", 5) != 0) abort();
  OK(subrosa_free(output));
  OK(subrosa_free(stage));
  IS(SUBROSA_CODE_DUPLICATE, subrosa_account_receive(p.bob, p.with_alice, kind, sent, NONE, &stage));
  if (subrosa_error_failure() != 1) abort();
  OK(subrosa_error_text(&buffer));
  /* Bob answers: what Alice sends from now on is of kind 2, and ends with its MAC. */
  OK(subrosa_session_encrypt(p.with_alice, text("answer"), NONE, NOW, &stage));
  OK(subrosa_stage_commit_to(stage, p.store, &output));
  OK(subrosa_free(stage));
  b = (struct SubrosaBuffer){wire, sizeof wire, 0};
  OK(subrosa_message_bytes(output, &b));
  OK(subrosa_message_kind(output, &kind));
  OK(subrosa_free(output));
  OK(subrosa_account_receive(p.alice, p.with_bob, kind, (struct SubrosaBytes){wire, b.length}, NONE, &stage));
  OK(subrosa_free(commit(stage)));
  sent = encrypt(&p, "x", &kind, wire);
  wire[sent.length - 1] ^= 1;
  IS(SUBROSA_CODE_FORGED, subrosa_account_receive(p.bob, p.with_alice, kind, sent, NONE, &stage));
  if (subrosa_error_failure() != 2) abort();
  /* From rows. */
  IS(SUBROSA_CODE_BUFFER_TOO_SMALL, subrosa_store_rows(p.store, &asked));
  rows = malloc(asked.length);
  asked.data = rows, asked.capacity = asked.length;
  OK(subrosa_store_rows(p.store, &asked));
  stored.data = rows, stored.length = asked.length;
  OK(subrosa_store_from_rows(stored, &again));
  free(rows);
  OK(subrosa_store_account(again, "bob", 1, subrosa_account_options(), &bob));
  OK(subrosa_store_session(again, bob, "alice", 1, &session));
  sent = encrypt(&p, "more", &kind, wire);
  OK(subrosa_account_receive(bob, session, kind, sent, NONE, &stage));
  OK(subrosa_stage_commit_to(stage, again, &output));
  free_all((SubrosaHandle[]){output, stage, session}, 3);
  /* Lost. */
  OK(subrosa_account_new_session(bob, "alice", 1, &session));
  IS(SUBROSA_CODE_TOO_SHORT, subrosa_account_receive(bob, session, 2, NONE, NONE, &stage));
  OK(subrosa_advice_about(2, kind, sent, NOW, 1, &advice));
  OK(subrosa_advice(advice, &show, &request));
  free_all((SubrosaHandle[]){session, bob, again, advice, request}, 5);
  free_pair(&p);
}

/* Handles that were freed, of another type, or never given; stages that are used twice. */
static void handles(void) {
  struct pair p = pair();
  SubrosaHandle stage, second, output;
  size_t count;
  uint8_t kind;
  struct SubrosaBuffer none = {NULL, 0, 0};
  IS(SUBROSA_CODE_FREED, subrosa_free(UINT64_MAX));
  OK(subrosa_free(0));
  IS(SUBROSA_CODE_FREED, subrosa_session_archive(p.alice, &stage));
  IS(SUBROSA_CODE_FREED, subrosa_account_upload(p.with_bob, &output));
  IS(SUBROSA_CODE_FREED, subrosa_message_kind(0, &kind));
  OK(subrosa_session_encrypt(p.with_bob, text("x"), NONE, NOW, &stage));
  IS(SUBROSA_CODE_BUSY, subrosa_session_encrypt(p.with_bob, text("x"), NONE, NOW, &second));
  OK(subrosa_stage_write_count(stage, &count));
  if (count == 0) abort();
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_stage_commit(stage, NULL));
  OK(subrosa_stage_roll_back(stage));
  IS(SUBROSA_CODE_CLOSED, subrosa_stage_commit(stage, &output));
  IS(SUBROSA_CODE_CLOSED, subrosa_stage_write_count(stage, &count));
  OK(subrosa_free(stage));
  IS(SUBROSA_CODE_FREED, subrosa_stage_commit(stage, &output));
  IS(SUBROSA_CODE_FREED, subrosa_free(stage));
  OK(subrosa_session_encrypt(p.with_bob, text("x"), NONE, NOW, &stage));
  /* A stage outlives its session's handle. */
  OK(subrosa_free(p.with_bob));
  OK(subrosa_stage_commit(stage, &output));
  IS(SUBROSA_CODE_CLOSED, subrosa_stage_commit(stage, &second));
  free_all((SubrosaHandle[]){output, stage}, 2);
  OK(subrosa_account_new_session(p.alice, "bob", 1, &p.with_bob));
  IS(SUBROSA_CODE_NO_SESSION, subrosa_session_encrypt(p.with_bob, text("x"), NONE, NOW, &stage));
  /* Null, where it may not be. */
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_store_new(NULL));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_account_new_session(p.alice, NULL, 1, &output));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_account_new_session(p.alice, "\xff\xfe", 1, &output));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_account_identity_key(p.alice, NULL));
  IS(SUBROSA_CODE_BUFFER_TOO_SMALL, subrosa_account_identity_key(p.alice, &none));
  if (none.length != 33) abort();
  none.capacity = 40;
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_account_identity_key(p.alice, &none));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_bundle_from_bytes((struct SubrosaBytes){NULL, 7}, &output));
  IS(SUBROSA_CODE_NOT_A_RECORD, subrosa_bundle_from_bytes(text("not a bundle"), &output));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_bundle_new(NULL, &output));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_record_key_from_bytes(text("short"), &output));
  free_pair(&p);
}

/* All orders in which five handles that hang together may be freed. */
static void orders(void) {
  for (unsigned order = 0; order < 120; order++) {
    struct pair p = pair();
    SubrosaHandle stage, left[5];
    size_t count = 5;
    unsigned rest = order;
    OK(subrosa_session_encrypt(p.with_bob, text("x"), NONE, NOW, &stage));
    left[0] = stage, left[1] = p.with_bob, left[2] = p.alice, left[3] = p.bundle, left[4] = p.upload;
    while (count > 0) {
      size_t place = rest % count;
      rest /= count;
      OK(subrosa_free(left[place]));
      memmove(left + place, left + place + 1, (count - place - 1) * sizeof *left);
      count--;
    }
    free_all((SubrosaHandle[]){p.store, p.bob, p.with_alice}, 3);
  }
}

/* Sealed sender, a group, an attachment and a fingerprint, each with an error. */
static void the_rest(void) {
  struct pair p = pair();
  uint8_t root_public[33], root_private[32], key_public[33], key_private[32], identity[33], certificate[2048],
      envelope[8192], distribution[256], id[37] = {0}, code[256], server[512];
  struct SubrosaBuffer b;
  SubrosaHandle root, pair_of_keys, made, trust, sender, stage, output, content, key, keys, encryptor, manifest, print,
      other;
  struct SubrosaSenderClaims claims;
  struct SubrosaBytes bytes, us;
  OK(subrosa_key_pair_generate(&root));
  struct SubrosaBuffer public_key = {root_public, 33, 0}, private_key = {root_private, 32, 0};
  OK(subrosa_key_pair_bytes(root, &public_key, &private_key));
  OK(subrosa_key_pair_generate(&pair_of_keys));
  public_key.data = key_public, private_key.data = key_private;
  OK(subrosa_key_pair_bytes(pair_of_keys, &public_key, &private_key));
  OK(subrosa_server_certificate_issue(1, (struct SubrosaBytes){key_public, 33},
                                      (struct SubrosaBytes){root_private, 32}, &made));
  b = (struct SubrosaBuffer){server, sizeof server, 0};
  OK(subrosa_bytes(made, &b));
  OK(subrosa_free(made));
  bytes = (struct SubrosaBytes){server, b.length};
  b = (struct SubrosaBuffer){identity, sizeof identity, 0};
  OK(subrosa_account_identity_key(p.alice, &b));
  us = (struct SubrosaBytes){identity, 33};
  claims = (struct SubrosaSenderClaims){"alice", 1, NULL, us, NOW + 1000};
  OK(subrosa_sender_certificate_issue(claims, bytes, (struct SubrosaBytes){key_private, 32}, &made));
  b = (struct SubrosaBuffer){certificate, sizeof certificate, 0};
  OK(subrosa_bytes(made, &b));
  OK(subrosa_free(made));
  bytes = (struct SubrosaBytes){certificate, b.length};
  IS(SUBROSA_CODE_FOREIGN_CERTIFICATE, subrosa_sealed_sender_new(p.bob, bytes, 0, NONE, &sender));
  OK(subrosa_sealed_sender_new(p.alice, bytes, 1, text("group"), &sender));
  struct SubrosaBytes roots[] = {{root_public, 33}};
  OK(subrosa_certificate_trust_new(roots, 1, true, &trust));
  OK(subrosa_sealed_sender_encrypt(sender, p.with_bob, text("hush"), NONE, NOW, &stage));
  output = commit(stage);
  b = (struct SubrosaBuffer){envelope, sizeof envelope, 0};
  OK(subrosa_bytes(output, &b));
  OK(subrosa_free(output));
  bytes = (struct SubrosaBytes){envelope, b.length};
  OK(subrosa_account_open_sealed(p.bob, bytes, trust, NULL, NOW, &content));
  IS(SUBROSA_CODE_EXPIRED, subrosa_account_open_sealed(p.bob, bytes, trust, NULL, NOW + 5000, &other));
  IS(SUBROSA_CODE_NOT_FOR_US, subrosa_account_open_sealed(p.alice, bytes, trust, NULL, NOW, &other));
  OK(subrosa_account_receive_sealed(p.bob, p.with_alice, content, us, &stage));
  OK(subrosa_free(commit(stage)));
  free_all((SubrosaHandle[]){content, trust, sender, root, pair_of_keys}, 5);

  b = (struct SubrosaBuffer){id, 36, 0};
  OK(subrosa_distribution_id_generate(&b));
  OK(subrosa_sender_key_generate((char *)id, &key));
  IS(SUBROSA_CODE_NOT_A_DISTRIBUTION_ID, subrosa_sender_key_generate("no id", &other));
  b = (struct SubrosaBuffer){distribution, sizeof distribution, 0};
  OK(subrosa_sender_key_distribution(key, &b));
  OK(subrosa_receiver_keys_new("alice", 1, (char *)id, &keys));
  OK(subrosa_receiver_keys_process(keys, (struct SubrosaBytes){distribution, b.length}, us, &stage));
  commit(stage);
  OK(subrosa_sender_key_encrypt(key, text("all"), &stage));
  output = commit(stage);
  b = (struct SubrosaBuffer){envelope, sizeof envelope, 0};
  OK(subrosa_message_bytes(output, &b));
  OK(subrosa_free(output));
  OK(subrosa_receiver_keys_decrypt(keys, (struct SubrosaBytes){envelope, b.length}, us, &stage));
  OK(subrosa_free(commit(stage)));
  IS(SUBROSA_CODE_DUPLICATE,
     subrosa_receiver_keys_decrypt(keys, (struct SubrosaBytes){envelope, b.length}, us, &stage));
  free_all((SubrosaHandle[]){key, keys}, 2);

  OK(subrosa_attachment_encryptor_new(5, &encryptor));
  OK(subrosa_attachment_encryptor_update(encryptor, text("12345"), &output));
  OK(subrosa_free(output));
  OK(subrosa_attachment_encryptor_finish(encryptor, &output, &manifest));
  IS(SUBROSA_CODE_CLOSED, subrosa_attachment_encryptor_finish(encryptor, &made, &other));
  free_all((SubrosaHandle[]){output, manifest, encryptor}, 3);

  struct SubrosaParty ours = {text("1234567890123456"), us}, theirs = {text("6543210987654321"), {root_public, 33}};
  OK(subrosa_fingerprint_new(2, ours, theirs, 2, &print));
  b = (struct SubrosaBuffer){code, sizeof code, 0};
  OK(subrosa_fingerprint_scannable(print, &b));
  IS(SUBROSA_CODE_MISMATCH, subrosa_fingerprint_compare(print, (struct SubrosaBytes){code, b.length}));
  OK(subrosa_free(print));
  free_pair(&p);
}

/* Many threads on one session: each gets a message or Busy, and nothing else. */
static void *work(void *session) {
  for (int n = 0; n < 20; n++) {
    SubrosaHandle stage, output;
    enum SubrosaCode code = subrosa_session_encrypt(*(SubrosaHandle *)session, text("x"), NONE, NOW, &stage);
    if (code == SUBROSA_CODE_BUSY) continue;
    OK(code);
    OK(subrosa_stage_commit(stage, &output));
    free_all((SubrosaHandle[]){output, stage}, 2);
  }
  return NULL;
}

static void threads(void) {
  struct pair p = pair();
  pthread_t all[4];
  for (int n = 0; n < 4; n++) pthread_create(&all[n], NULL, work, &p.with_bob);
  for (int n = 0; n < 4; n++) pthread_join(all[n], NULL);
  free_pair(&p);
}

int main(void) {
  conversation();
  handles();
  orders();
  the_rest();
  threads();
  if (subrosa_handles() != 0) return fprintf(stderr, "%zu handles are left\n", subrosa_handles()), 1;
  puts("all as it must be");
  return 0;
}

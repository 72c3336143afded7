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

/* Service ids in text, as an upload for many needs them. */
static const char *const ALICE = "796abedb-ca4e-4f18-8803-1fde5b921f9f", *const BOB = "7d4a1a5c-0d3b-4a9f-9d5e-2f1b7c8e6a10",
                  *const CAROL = "0f5f6b1e-5a39-4f0c-8a27-1c2d3e4f5a6b";

static int is(struct SubrosaBuffer buffer, const char *expected) {
  return buffer.length == strlen(expected) && memcmp(buffer.data, expected, buffer.length) == 0;
}

#define MUST(condition)                                                                                      \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                \
      exit(1);                                                                                               \
    }                                                                                                        \
  } while (0)

/* Stores a stage's writes, if there is a store, and commits it. */
static SubrosaHandle put(SubrosaHandle store, SubrosaHandle stage) {
  SubrosaHandle output;
  if (store == 0) return commit(stage);
  OK(subrosa_stage_commit_to(stage, store, &output));
  OK(subrosa_free(stage));
  return output;
}

/* A device with its upload. */
static SubrosaHandle device(SubrosaHandle store, const char *name, SubrosaHandle *upload) {
  struct SubrosaAccountOptions few = subrosa_account_options();
  SubrosaHandle stage, account;
  few.batch = 2, few.low = 1;
  OK(subrosa_account_generate(name, 1, few, &stage));
  account = put(store, stage);
  OK(subrosa_account_maintain(account, 0, 0, NOW, &stage));
  *upload = put(store, stage);
  return account;
}

static SubrosaHandle begin(SubrosaHandle store, SubrosaHandle from, const char *to, SubrosaHandle upload) {
  SubrosaHandle stage, session, bundle;
  OK(subrosa_account_new_session(from, to, 1, &session));
  OK(subrosa_upload_next_bundle(upload, &bundle));
  OK(subrosa_session_initiate(session, from, bundle, NONE, NOW, &stage));
  put(store, stage);
  OK(subrosa_free(bundle));
  return session;
}

/* What a service needs of an upload, key by key; addresses; and which peers are stored. */
static void uploads(void) {
  SubrosaHandle store, upload, alice, session, log, again, bobs_upload, bob;
  uint8_t key[2048], signature[64], name[64], record[8192];
  struct SubrosaBuffer k = {key, sizeof key, 0}, s = {signature, sizeof signature, 0}, n = {name, sizeof name, 0},
                       r = {record, sizeof record, 0};
  struct SubrosaWrite row;
  uint32_t id, number;
  size_t rows = 0;
  bool flag;
  OK(subrosa_store_new(&store));
  alice = device(store, ALICE, &upload);
  bob = device(0, BOB, &bobs_upload);
  OK(subrosa_account_address(alice, &number, &n));
  MUST(number == 1 && is(n, ALICE));
  OK(subrosa_upload_key(upload, SUBROSA_UPLOAD_KEY_SIGNED, 0, &id, &k, &s));
  MUST(k.length == 33 && s.length == 64);
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_upload_key(upload, SUBROSA_UPLOAD_KEY_SIGNED, 1, &id, &k, &s));
  OK(subrosa_upload_key(upload, SUBROSA_UPLOAD_KEY_LAST_RESORT_KEM, 0, &id, &k, &s));
  MUST(k.length == 1569 && s.length == 64);
  OK(subrosa_upload_key(upload, SUBROSA_UPLOAD_KEY_ONE_TIME, 1, &id, &k, &s));
  MUST(k.length == 33 && s.length == 0);
  OK(subrosa_upload_key(upload, SUBROSA_UPLOAD_KEY_ONE_TIME_KEM, 1, &id, &k, &s));
  MUST(k.length == 1569 && s.length == 64);
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_upload_key(upload, 9, 0, &id, &k, &s));
  OK(subrosa_upload_backup_token(upload, &k));
  MUST(k.length == 36);
  OK(subrosa_upload_replace_one_time(upload, &flag));

  session = begin(store, alice, BOB, bobs_upload);
  OK(subrosa_session_local(session, &number, &n));
  MUST(is(n, ALICE));
  OK(subrosa_session_remote(session, &number, &n));
  MUST(is(n, BOB));
  OK(subrosa_session_remote_registration_id(session, &number));
  OK(subrosa_account_registration_id(bob, &id));
  MUST(number == id);
  OK(subrosa_store_peer(store, 0, &number, &n));
  MUST(number == 1 && is(n, BOB));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_store_peer(store, 1, &number, &n));
  while (subrosa_store_row(store, rows, &row, &k, &r) == SUBROSA_CODE_OK) {
    MUST(!row.deletes && k.length > 0 && r.length > 0);
    rows++;
  }
  MUST(rows > 4);
  OK(subrosa_repair_log_new(BOB, 1, &log));
  OK(subrosa_repair_log_record(log, &r));
  OK(subrosa_repair_log_from_record((struct SubrosaBytes){record, r.length}, BOB, 1, &again));
  IS(SUBROSA_CODE_WRONG_KIND, subrosa_session_from_record((struct SubrosaBytes){record, r.length}, alice, BOB, 1, &log));
  free_all((SubrosaHandle[]){store, upload, alice, session, log, again, bobs_upload, bob}, 8);
}

/* The certificate of a device, for a second. */
static SubrosaHandle sealed_sender(SubrosaHandle account, const char *name, SubrosaHandle *trust) {
  uint8_t root[33], root_secret[32], key[33], secret[32], server[512], own[33], out[2048], who[64], number[32];
  struct SubrosaBuffer b = {root, 33, 0}, b_secret = {root_secret, 32, 0}, e = {number, sizeof number, 0};
  SubrosaHandle pair, made, sender;
  struct SubrosaSenderClaims claims = {name, 1, "+491511", {own, 33}, NOW + 1000};
  uint32_t device;
  uint64_t expires;
  OK(subrosa_key_pair_generate(&pair));
  OK(subrosa_key_pair_bytes(pair, &b, &b_secret));
  OK(subrosa_free(pair));
  OK(subrosa_key_pair_generate(&pair));
  b.data = key, b_secret.data = secret;
  OK(subrosa_key_pair_bytes(pair, &b, &b_secret));
  OK(subrosa_free(pair));
  OK(subrosa_server_certificate_issue(1, (struct SubrosaBytes){key, 33}, (struct SubrosaBytes){root_secret, 32}, &made));
  b = (struct SubrosaBuffer){server, sizeof server, 0};
  OK(subrosa_bytes(made, &b));
  OK(subrosa_free(made));
  struct SubrosaBytes certificate = {server, b.length};
  b = (struct SubrosaBuffer){own, 33, 0};
  OK(subrosa_account_identity_key(account, &b));
  OK(subrosa_sender_certificate_issue(claims, certificate, (struct SubrosaBytes){secret, 32}, &made));
  b = (struct SubrosaBuffer){out, sizeof out, 0};
  OK(subrosa_bytes(made, &b));
  OK(subrosa_free(made));
  certificate = (struct SubrosaBytes){out, b.length};
  OK(subrosa_sealed_sender_new(account, certificate, 1, NONE, &sender));
  b = (struct SubrosaBuffer){who, sizeof who, 0};
  struct SubrosaBuffer k = {key, sizeof key, 0};
  OK(subrosa_sender_claims(certificate, &device, &expires, &b, &e, &k));
  MUST(device == 1 && expires == NOW + 1000 && is(b, name) && is(e, "+491511") && memcmp(key, own, 33) == 0);
  OK(subrosa_certificate_trust_new((struct SubrosaBytes[]){{root, 33}}, 1, false, trust));
  return sender;
}

/* A group: sealed for many with a member left out, an envelope that comes too late, and a chain that is moved on. */
static void groups(void) {
  SubrosaHandle store, uploads[3], alice, bob, carol, sessions[2], trust, sender, key, keys, stage, message, upload,
      left_out, recipients, content, advice, request, asked, failed, messages, one, envelope;
  uint8_t id[37] = {0}, found[37], distribution[256], wire[8192], name[64], why[256], own[33], theirs[33];
  struct SubrosaBuffer b = {id, 36, 0}, n = {name, sizeof name, 0}, t = {why, sizeof why, 0}, k = {theirs, 33, 0};
  struct SubrosaDeviceMessage info;
  uint32_t device_number, registration_id, code, show;
  uint8_t kind;
  size_t count;
  OK(subrosa_store_new(&store));
  alice = device(store, ALICE, &uploads[0]), bob = device(0, BOB, &uploads[1]), carol = device(0, CAROL, &uploads[2]);
  sessions[0] = begin(store, alice, BOB, uploads[1]), sessions[1] = begin(store, alice, CAROL, uploads[2]);
  sender = sealed_sender(alice, ALICE, &trust);
  OK(subrosa_distribution_id_generate(&b));
  OK(subrosa_sender_key_generate((char *)id, &key));
  b = (struct SubrosaBuffer){distribution, sizeof distribution, 0};
  OK(subrosa_sender_key_distribution(key, &b));
  struct SubrosaBytes at = {distribution, b.length}, from = {own, 33};
  b = (struct SubrosaBuffer){found, sizeof found, 0};
  OK(subrosa_distribution_id_of(at, &b));
  MUST(is(b, (char *)id));
  b = (struct SubrosaBuffer){own, 33, 0};
  OK(subrosa_account_identity_key(alice, &b));
  OK(subrosa_receiver_keys_new(ALICE, 1, (char *)id, &keys));
  OK(subrosa_receiver_keys_sender(keys, &device_number, &n));
  MUST(is(n, ALICE));
  OK(subrosa_receiver_keys_process(keys, at, from, &stage));
  commit(stage);

  /* Carol does not get it; who is neither left out nor named is nobody's affair. */
  OK(subrosa_sender_key_encrypt(key, text("all"), &stage));
  message = commit(stage);
  struct SubrosaForMany many = {sessions, 1, &CAROL, 1};
  OK(subrosa_sealed_sender_seal_for_many(sender, message, &many, &upload, &left_out));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_left_out(left_out, 0, &code, &n, &t));
  b = (struct SubrosaBuffer){wire, sizeof wire, 0};
  OK(subrosa_bytes(upload, &b));
  OK(subrosa_upload_for_many_split((struct SubrosaBytes){wire, b.length}, &recipients, &count));
  MUST(count == 1);
  OK(subrosa_recipient_device(recipients, 0, 0, &device_number, &registration_id));
  OK(subrosa_account_registration_id(bob, &code));
  MUST(device_number == 1 && registration_id == code);
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_recipient_device(recipients, 0, 1, &device_number, &registration_id));
  b = (struct SubrosaBuffer){wire, sizeof wire, 0};
  OK(subrosa_recipient(recipients, 0, &n, &b));
  MUST(is(n, BOB));
  struct SubrosaBytes sealed = {wire, b.length};
  OK(subrosa_account_open_sealed(bob, sealed, trust, NULL, NOW, &content));
  OK(subrosa_sealed_content_sender_e164(content, &n));
  MUST(is(n, "+491511"));
  OK(subrosa_receiver_keys_decrypt_sealed(keys, content, from, &stage));
  OK(subrosa_free(commit(stage)));
  free_all((SubrosaHandle[]){upload, left_out, recipients, content, message}, 5);
  many = (struct SubrosaForMany){sessions, 2, (const char *const[]){"no id"}, 1};
  OK(subrosa_sender_key_encrypt(key, text("all"), &stage));
  message = commit(stage);
  IS(SUBROSA_CODE_NOT_A_SERVICE_ID, subrosa_sealed_sender_seal_for_many(sender, message, &many, &upload, &left_out));
  OK(subrosa_free(message));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_sealed_sender_seal_for_many(sender, key, NULL, &upload, &left_out));

  /* Too late: asked for again where the pinned key sealed it, and let lie elsewhere. */
  OK(subrosa_sealed_sender_encrypt(sender, sessions[0], text("late"), NONE, NOW, &stage));
  envelope = commit(stage);
  b = (struct SubrosaBuffer){wire, sizeof wire, 0};
  OK(subrosa_bytes(envelope, &b));
  sealed.length = b.length;
  IS(SUBROSA_CODE_EXPIRED, subrosa_account_open_sealed(bob, sealed, trust, NULL, NOW + 2000, &content));
  code = subrosa_error_failure();
  OK(subrosa_account_open_unverified(bob, sealed, &content));
  OK(subrosa_unverified_content_claimed_sender(content, &device_number, &n));
  MUST(is(n, ALICE));
  OK(subrosa_unverified_content_advice(content, code, NONE, NOW + 2000, &advice));
  OK(subrosa_advice(advice, &show, &request));
  MUST(request == 0);
  OK(subrosa_free(advice));
  OK(subrosa_unverified_content_advice(content, code, from, NOW + 2000, &advice));
  OK(subrosa_advice(advice, &show, &request));
  MUST(request != 0 && show != SUBROSA_SHOW_NEVER);
  OK(subrosa_resend_request_message(request, &asked));
  OK(subrosa_message_kind(asked, &kind));
  MUST(kind == 8);
  free_all((SubrosaHandle[]){envelope, content, advice, request, asked}, 5);

  /* A chain moves on to where its sender is. */
  b = (struct SubrosaBuffer){distribution, sizeof distribution, 0};
  OK(subrosa_sender_key_distribution(key, &b));
  OK(subrosa_receiver_keys_fast_forward(keys, at, from, &stage));
  IS(SUBROSA_CODE_BUSY, subrosa_receiver_keys_fast_forward(keys, at, from, &asked));
  commit(stage);

  /* One message for each device, sealed for the key that comes with it; and one that fails. */
  OK(subrosa_session_archive(sessions[1], &stage));
  commit(stage);
  struct SubrosaEach each[] = {{sessions[0], text("x"), NONE}, {sessions[1], text("x"), NONE}};
  OK(subrosa_encrypt_each(each, 2, NOW, &stage, &failed));
  messages = commit(stage);
  b = (struct SubrosaBuffer){wire, sizeof wire, 0};
  OK(subrosa_device_message(messages, 0, &info, &n, &b, &k));
  OK(subrosa_device_message_handle(messages, 0, &one));
  OK(subrosa_sealed_sender_seal(sender, one, (struct SubrosaBytes){theirs, k.length}, &envelope));
  OK(subrosa_device_failure(failed, 0, &device_number, &code, &n, &t));
  MUST(code == SUBROSA_CODE_NO_SESSION && is(n, CAROL) && t.length > 0);
  free_all((SubrosaHandle[]){messages, one, envelope, failed}, 4);
  free_all((SubrosaHandle[]){store, uploads[0], uploads[1], uploads[2], alice, bob, carol, sessions[0], sessions[1], trust,
                             sender, key, keys}, 13);
}

/* An account, its sessions and its keys move to other addresses, in one transaction. */
static void moves(void) {
  struct pair p = pair();
  uint8_t kind, wire[4096], name[64];
  struct SubrosaBuffer n = {name, sizeof name, 0};
  struct SubrosaBytes sent = encrypt(&p, "1", &kind, wire);
  SubrosaHandle stage, text_read, to, moved, keys, keys_to, stages[3], none;
  uint32_t number;
  bool is_open;
  OK(subrosa_account_receive(p.bob, p.with_alice, kind, sent, NONE, &stage));
  OK(subrosa_stage_commit_to(stage, p.store, &text_read));
  free_all((SubrosaHandle[]){stage, text_read}, 2);
  OK(subrosa_session_empty("robert", 1, "alicia", 1, &to));
  OK(subrosa_account_move_to(p.bob, "robert", 1, &stages[0]));
  IS(SUBROSA_CODE_BUSY, subrosa_account_maintain(p.bob, 0, 0, NOW, &none));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_session_move_to(p.with_alice, p.bob, p.with_alice, NONE, &none));
  OK(subrosa_session_move_to(p.with_alice, p.bob, to, NONE, &stages[1]));
  IS(SUBROSA_CODE_BUSY, subrosa_session_encrypt(p.with_alice, text("x"), NONE, NOW, &none));
  OK(subrosa_receiver_keys_new("alice", 1, NULL, &keys));
  OK(subrosa_receiver_keys_new("alicia", 1, NULL, &keys_to));
  OK(subrosa_receiver_keys_move_to(keys, keys_to, &stages[2]));
  OK(subrosa_stage_is_open(stages[2], &is_open));
  MUST(is_open);
  OK(subrosa_store_apply(p.store, stages, 3));
  for (int place = 0; place < 3; place++) {
    OK(subrosa_stage_commit(stages[place], &none));
    OK(subrosa_stage_is_open(stages[place], &is_open));
    MUST(none == 0 && !is_open);
  }
  OK(subrosa_account_address(p.bob, &number, &n));
  MUST(is(n, "robert"));
  OK(subrosa_store_peer(p.store, 0, &number, &n));
  MUST(is(n, "alicia"));
  IS(SUBROSA_CODE_NO_SESSION, subrosa_session_encrypt(p.with_alice, text("x"), NONE, NOW, &stage));
  OK(subrosa_store_session(p.store, p.bob, "alicia", 1, &moved));
  sent = encrypt(&p, "2", &kind, wire);
  OK(subrosa_account_receive(p.bob, moved, kind, sent, NONE, &stage));
  OK(subrosa_free(commit(stage)));
  /* A stage that is freed leaves all where it was. */
  IS(SUBROSA_CODE_OTHER_IDENTITY, subrosa_session_move_to(p.with_bob, p.alice, to, NONE, &stage));
  OK(subrosa_free(to));
  OK(subrosa_session_empty("alice", 1, "robert", 1, &to));
  OK(subrosa_session_move_to(p.with_bob, p.alice, to, NONE, &stage));
  OK(subrosa_free(stage));
  encrypt(&p, "3", &kind, wire);
  free_all(stages, 3);
  free_all((SubrosaHandle[]){to, moved, keys, keys_to}, 4);
  free_pair(&p);
}

/* An attachment as a whole. */
static void attachments(void) {
  uint8_t key[64], blob[4096], digest[32], mac[64], read[8];
  struct SubrosaBuffer k = {key, 64, 0}, b = {blob, sizeof blob, 0}, d = {digest, 32, 0}, m = {mac, sizeof mac, 0},
                       r = {read, sizeof read, 0};
  SubrosaHandle encrypted, made, plaintext;
  struct SubrosaManifest manifest;
  OK(subrosa_attachment_encrypt(text("12345"), &k, &encrypted, &made));
  OK(subrosa_bytes(encrypted, &b));
  OK(subrosa_manifest(made, &manifest.plaintext_length, &manifest.chunk_size, &d, &m));
  manifest.digest = (struct SubrosaBytes){digest, 32}, manifest.incremental_mac = (struct SubrosaBytes){mac, m.length};
  OK(subrosa_attachment_decrypt((struct SubrosaBytes){key, 64}, (struct SubrosaBytes){blob, b.length}, &manifest, &plaintext));
  OK(subrosa_bytes(plaintext, &r));
  MUST(is(r, "12345"));
  k.capacity = 63;
  free_all((SubrosaHandle[]){encrypted, made, plaintext}, 3);
  IS(SUBROSA_CODE_BUFFER_TOO_SMALL, subrosa_attachment_encrypt(text("12345"), &k, &encrypted, &made));
}

/* OMEMO in both versions: a bundle out and in, a message for two devices of which one has no session, and its payload. */
static SubrosaHandle published(SubrosaHandle account) {
  uint8_t own[33], signed_key[33], signature[64], keys[100][33];
  struct SubrosaBuffer o = {own, 33, 0}, k = {signed_key, 33, 0}, s = {signature, 64, 0};
  struct SubrosaPreKey pre_keys[100];
  struct SubrosaOmemoBundle parts;
  SubrosaHandle bundle, again;
  size_t count = 0;
  OK(subrosa_omemo_account_bundle(account, &bundle));
  OK(subrosa_omemo_bundle_info(bundle, &parts.device, &o));
  OK(subrosa_omemo_bundle_signed_pre_key(bundle, &parts.signed_pre_key.id, &k, &s));
  for (; count < 100; count++) {
    struct SubrosaBuffer one = {keys[count], 33, 0};
    if (subrosa_omemo_bundle_pre_key(bundle, count, &pre_keys[count].id, &one) != SUBROSA_CODE_OK) break;
    pre_keys[count].key = (struct SubrosaBytes){keys[count], one.length}, pre_keys[count].signature = NONE;
  }
  MUST(count == 30);
  parts.identity_key = (struct SubrosaBytes){own, o.length};
  parts.signed_pre_key.key = (struct SubrosaBytes){signed_key, k.length};
  parts.signed_pre_key.signature = (struct SubrosaBytes){signature, s.length};
  parts.pre_keys = pre_keys, parts.pre_key_count = count;
  OK(subrosa_omemo_bundle_new(&parts, &again));
  OK(subrosa_free(bundle));
  return again;
}

static void omemo(uint32_t version) {
  SubrosaHandle store, alice, bob, bundle, sessions[2], back, stage, payload, failures, messages, received, plaintext,
      again;
  uint8_t iv[12], key_material[48], wire[4096], name[64], opened[48], sealed[256], own[33], record[16384], print[80];
  struct SubrosaBuffer i = {iv, 12, 0}, m = {key_material, 48, 0}, w = {wire, sizeof wire, 0}, n = {name, sizeof name, 0},
                       o = {opened, 48, 0}, p = {sealed, sizeof sealed, 0}, r = {record, sizeof record, 0},
                       f = {print, sizeof print, 0}, t = {name, sizeof name, 0};
  struct SubrosaOmemoIncoming incoming = {true, false, NONE, NONE};
  uint32_t device_number, code;
  bool flag, began;
  OK(subrosa_store_new(&store));
  OK(subrosa_omemo_account_generate(version, 11, &alice));
  OK(subrosa_omemo_account_generate(version, 22, &bob));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_omemo_account_generate(9, 22, &again));
  OK(subrosa_omemo_account_bundle(bob, &bundle));
  MUST(bundle == 0);
  IS(SUBROSA_CODE_NO_SIGNED_PRE_KEY, subrosa_omemo_account_renew(bob, false, 30, &stage));
  OK(subrosa_omemo_account_renew(bob, true, 30, &stage));
  put(store, stage);
  bundle = published(bob);
  OK(subrosa_omemo_session_new(version, "bob@example.org", 22, &sessions[0]));
  OK(subrosa_omemo_session_new(version, "bob@example.org", 23, &sessions[1]));
  OK(subrosa_omemo_session_begin(sessions[0], alice, bundle, NONE, &stage));
  commit(stage);
  IS(SUBROSA_CODE_OTHER_VERSION, subrosa_omemo_session_begin(sessions[1], alice, bundle, NONE, &stage));
  OK(subrosa_omemo_seal(version, text("hello"), &payload, &i, &m));
  OK(subrosa_omemo_encrypt_each(sessions, 2, (struct SubrosaBytes){key_material, m.length}, &stage, &failures));
  messages = commit(stage);
  OK(subrosa_device_failure(failures, 0, &device_number, &code, &n, &t));
  MUST(device_number == 23 && code == SUBROSA_CODE_NO_SESSION);
  OK(subrosa_omemo_message(messages, 0, &device_number, &flag, &n, &w));
  MUST(device_number == 22 && flag && is(n, "bob@example.org"));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_omemo_message(messages, 1, &device_number, &flag, &n, &w));

  OK(subrosa_omemo_message(messages, 0, &device_number, &flag, &n, &w));
  incoming.bytes = (struct SubrosaBytes){wire, w.length};
  OK(subrosa_store_omemo_session(store, version, "alice@example.org", 11, &back));
  OK(subrosa_omemo_session_receive(back, bob, &incoming, &stage));
  received = put(store, stage);
  OK(subrosa_omemo_received(received, &began, &flag, &o));
  MUST(began && flag);
  IS(SUBROSA_CODE_DUPLICATE, subrosa_omemo_session_receive(back, bob, &incoming, &stage));
  OK(subrosa_bytes(payload, &p));
  OK(subrosa_omemo_open(version, (struct SubrosaBytes){sealed, p.length}, (struct SubrosaBytes){iv, i.length},
                        (struct SubrosaBytes){opened, o.length}, &plaintext));
  OK(subrosa_bytes(plaintext, &n));
  MUST(is(n, "hello"));
  free_all((SubrosaHandle[]){payload, failures, messages, received, plaintext}, 5);
  sealed[0] ^= 1;
  IS(SUBROSA_CODE_FORGED,
     subrosa_omemo_open(version, (struct SubrosaBytes){sealed, p.length}, (struct SubrosaBytes){iv, i.length},
                        (struct SubrosaBytes){opened, o.length}, &plaintext));

  /* From records; an empty answer; a fingerprint. */
  OK(subrosa_omemo_session_record(back, &r));
  OK(subrosa_omemo_session_from_record((struct SubrosaBytes){record, r.length}, "alice@example.org", 11, &again));
  OK(subrosa_omemo_session_is_begun(again, &flag));
  MUST(flag);
  OK(subrosa_omemo_empty(version, &i, &m));
  OK(subrosa_omemo_encrypt_each(&again, 1, (struct SubrosaBytes){key_material, m.length}, &stage, &failures));
  free_all((SubrosaHandle[]){stage, failures, again}, 3);
  OK(subrosa_store_omemo_account(store, version, &again));
  OK(subrosa_omemo_account_pre_key_id(again, 28, &code));
  IS(SUBROSA_CODE_INVALID_ARGUMENT, subrosa_omemo_account_pre_key_id(again, 29, &code));
  OK(subrosa_omemo_account_remove_pre_keys(again, &code, 1, &stage));
  OK(subrosa_free(stage));
  o = (struct SubrosaBuffer){own, 33, 0};
  OK(subrosa_omemo_account_identity_key(again, &o));
  OK(subrosa_omemo_fingerprint(version, (struct SubrosaBytes){own, o.length}, &f));
  MUST(f.length == 71);
  free_all((SubrosaHandle[]){store, alice, bob, bundle, sessions[0], sessions[1], back, again}, 8);
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
  uploads();
  groups();
  moves();
  attachments();
  omemo(SUBROSA_OMEMO_VERSION_LEGACY);
  omemo(SUBROSA_OMEMO_VERSION_TWO);
  threads();
  if (subrosa_handles() != 0) return fprintf(stderr, "%zu handles are left\n", subrosa_handles()), 1;
  puts("all as it must be");
  return 0;
}

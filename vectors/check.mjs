// SPDX-License-Identifier: MIT OR Apache-2.0

// Computes the published vectors anew, from what README.md says and with nothing of the crate: `node vectors/check.mjs`.
// Node 20, no packages. What the KEMs give is taken from the files.

import { readFileSync } from "node:fs";

import * as braid from "./check/braid.mjs";
import { groups } from "./check/groups.mjs";
import { bin, cat, checkPair, count, dh, hash, hex, protobuf, same, stateHash, unprotobuf, verify } from "./check/primitives.mjs";
import { sealedSender } from "./check/sealed.mjs";
import * as sessions from "./check/session.mjs";

const folder = new URL("./v1/", import.meta.url);
const read = (name) => {
  const file = JSON.parse(readFileSync(new URL(`${name}.json`, folder)));
  if (file.format !== 1) throw new Error(`${name}: another format`);
  return file.cases;
};

const checkPreKeys = (identity, prekeys) => {
  const key = bin(identity.public);
  checkPair("SPK", prekeys.SPK);
  checkPair("OPK", prekeys.OPK);
  same("SPK.signature", verify(key, bin(prekeys.SPK.public), bin(prekeys["SPK.signature"])), true);
  same("forged", verify(key, bin(prekeys.OPK.public), bin(prekeys["SPK.signature"])), false);
  if (!prekeys.KPK) return;
  same("KPK.signature", verify(key, bin(prekeys.KPK.public), bin(prekeys["KPK.signature"])), true);
};

const agreement = (vector) => {
  const { IK_A, IK_B, EK_A, prekeys, version } = vector;
  [IK_A, IK_B, EK_A].forEach((pair) => checkPair("key", pair));
  checkPreKeys(IK_B, prekeys);
  const both = [
    [IK_A, prekeys.SPK], [EK_A, IK_B], [EK_A, prekeys.SPK], ...(vector.uses_one_time ? [[EK_A, prekeys.OPK]] : []),
  ];
  const agreed = both.map(([a, b]) => dh(bin(a.private), bin(b.public)));
  const reversed = both.map(([a, b]) => dh(bin(b.private), bin(a.public)));
  [agreed, reversed].forEach((side) => same("DH", side.map(hex), vector.DH));
  const ss = vector.ss && bin(vector.ss);
  same("S", cat(Buffer.alloc(32, 0xff), ...agreed, ss ?? []), vector.S);
  const [root, chain, authKey] = sessions.derive(version, agreed, ss);
  same("root", root, vector.root);
  same("chain", chain, vector.chain);
  if (version === 4) same("auth_key", authKey, vector.auth_key);
};

/** An address as messages have it: kind, UUID, device. */
const address = (text) => {
  const [uuid, device] = text.split(".");
  return cat([0], bin(uuid.replaceAll("-", "")), [Number(device)]);
};

/** A copy of a state, so that a step that fails changes nothing. */
const copy = (value) => {
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, copy(inner)]));
  if (Array.isArray(value)) return value.map(copy);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)]));
  return value;
};

const conversation = ({ version, prekeys, steps, ...given }) => {
  const kems = braid.gather(steps);
  const parties = Object.fromEntries(["alice", "bob"].map((name) => {
    const { IK, registration } = given[name];
    checkPair("IK", IK);
    const [mine, known] = [bin(IK.private), bin(IK.public)];
    return [name, { private: mine, public: known, registration, address: address(given[name].address) }];
  }));
  checkPreKeys(given.bob.IK, prekeys);
  const [state, sent] = [{}, []];
  const receive = (by, message, random) => {
    const other = by === "alice" ? "bob" : "alice";
    const session = copy(state[by]);
    if (!message.prekey) return [session, sessions.decrypt(session, message.bytes, random, kems)];
    const outer = unprotobuf(message.bytes.subarray(1));
    const known = session ?? sessions.accept(version, parties[by], parties[other], prekeys, outer[2],
      steps[0].kem && bin(steps[0].kem.ss));
    return [known, sessions.decrypt(known, outer[4], random, kems)];
  };
  for (const step of steps) {
    const { by, op } = step;
    const random = [...step.random];
    if (op === "initiate") {
      state[by] = sessions.initiate(version, parties[by], parties.bob, prekeys, random, step.kem);
    } else if (op === "encrypt") {
      const out = sessions.encrypt(state[by], bin(step.plaintext), random, kems);
      same("message", out.message, step.message);
      for (const key of ["seed", "cipher", "mac", "iv"]) same(key, out[key], step.keys[key]);
      if (out.salt) same("salt", out.salt, step.keys.salt);
      if (out.pq) same("pq_message", out.pq, step.pq_message);
      same("number", sent.length, step.number);
      sent.push({ bytes: out.message, prekey: step.kind === "prekey", plaintext: step.plaintext });
    } else {
      const message = { ...sent[step.number], ...(op === "refuse" ? { bytes: bin(step.message) } : {}) };
      let outcome = null;
      try { outcome = receive(by, message, random); } catch (error) { if (op !== "refuse") throw error; }
      same("refused", outcome === null, op === "refuse");
      if (outcome) {
        state[by] = outcome[0];
        same("plaintext", outcome[1], message.plaintext);
      }
    }
    same("randomness left", random.length, 0);
    const lines = sessions.list(state[by]);
    same(`state of ${by}`, lines, step.state);
    same("state_hash", stateHash(lines), step.state_hash);
  }
};

const postQuantum = ({ auth_key, start, steps }) => {
  const kems = braid.gather(steps);
  const states = { A: braid.start("A2B", bin(auth_key)), B: braid.start("B2A", bin(auth_key)) };
  for (const name of ["A", "B"]) same("start", braid.list(states[name]), start[name]);
  const [sent, seen] = [[], new Set()];
  for (const step of steps) {
    const state = states[step.by];
    if (step.op === "send") {
      const random = [...(step.random ?? [])];
      const { key, message } = braid.send(state, random, kems);
      same("message", message, step.message);
      same("key", key, step.key);
      same("randomness left", random.length, 0);
      sent[step.number] = { key, message };
    } else {
      same("key", braid.receive(state, sent[step.number].message, kems), sent[step.number].key);
    }
    const lines = braid.list(state);
    if (step.state) same("state", lines, step.state);
    same("state_hash", stateHash(lines), step.state_hash);
    seen.add(state.name);
  }
  return seen;
};

const fingerprint = ({ iterations, version, digits, scannable, ...parties }) => {
  const hashes = ["alice", "bob"].map((name) => {
    const [key, identifier] = [bin(parties[name].IK), bin(parties[name].identifier)];
    let out = hash("sha512", [0, 0], key, identifier, key);
    for (let done = 1; done < iterations; done++) out = hash("sha512", out, key);
    same("hash", out, parties[name].hash);
    return out;
  });
  const shown = hashes.map((out) => Array.from({ length: 6 }, (_, at) =>
    String(out.readUIntBE(at * 5, 5) % 100000).padStart(5, "0")).join(""));
  same("digits", shown.sort().join(""), digits);
  const one = (out) => protobuf([1, out.subarray(0, 32)]);
  same("scannable", protobuf([1, version], [2, one(hashes[0])], [3, one(hashes[1])]), scannable.alice);
  same("scannable", protobuf([1, version], [2, one(hashes[1])], [3, one(hashes[0])]), scannable.bob);
};

const seen = new Set();
const files = {
  agreement: (cases) => cases.forEach(agreement),
  "double-ratchet": (cases) => cases.forEach(conversation),
  "triple-ratchet": (cases) => cases.forEach(conversation),
  braid: (cases) => cases.forEach((vector) => postQuantum(vector).forEach((name) => seen.add(name))),
  "sealed-sender": sealedSender,
  groups,
  fingerprints: (cases) => cases.forEach(fingerprint),
};
for (const [name, check] of Object.entries(files)) {
  const before = count();
  check(read(name));
  console.log(`${name}: ${count() - before} values`);
}
console.log(`states of the post-quantum ratchet: ${[...seen].sort().join(", ")}`);

// SPDX-License-Identifier: MIT OR Apache-2.0

// The post-quantum ratchet. A state is plain data, so that it can be copied; a step that throws is made on a copy.
// ML-KEM-768 itself is not computed: what it gives is looked up in `kems`, which holds what the vectors say.

import { be32, be64, bin, cat, hash, hex, hkdf, hmac, unvarint, varint, ZERO } from "./primitives.mjs";

const NAME = "Signal_PQCKA_V1_MLKEM768:";
const CHUNK = 32;

// GF(2^16) by x^16 + x^12 + x^3 + x + 1.
const times = (a, b) => {
  let out = 0;
  for (; b; b >>= 1, a <<= 1) {
    if (a & 0x10000) a ^= 0x1100b;
    if (b & 1) out ^= a;
  }
  return out;
};
const inverse = (a) => {
  let [out, base] = [1, a];
  for (let exponent = 65534; exponent; exponent >>= 1, base = times(base, base)) if (exponent & 1) out = times(out, base);
  return out;
};
/** The chunk at `x` of a polynomial through the chunks at known places. */
const interpolate = (known, x) => {
  const found = known.find(([at]) => at === x);
  if (found) return found[1];
  const out = Buffer.alloc(CHUNK);
  for (const [at, chunk] of known) {
    let factor = 1;
    for (const [other] of known) if (other !== at) factor = times(factor, times(x ^ other, inverse(at ^ other)));
    for (let lane = 0; lane < CHUNK; lane += 2) {
      out.writeUInt16BE(out.readUInt16BE(lane) ^ times(factor, chunk.readUInt16BE(lane)), lane);
    }
  }
  return out;
};
const cut = (bytes) => Array.from({ length: bytes.length / CHUNK }, (_, at) => [at, bytes.subarray(at * CHUNK, (at + 1) * CHUNK)]);
const decode = (chunks, length) => cat(...Array.from({ length: length / CHUNK }, (_, at) => interpolate(chunks, at)));

const update = (auth, epoch, key) => {
  const [root, mac] = hkdf(ZERO, cat(auth.root, key), cat(NAME, "Authenticator Update", be64(epoch)), 32, 32);
  return { root, mac };
};
const headerMac = (auth, epoch, header) => hmac(auth.mac, NAME, "ekheader", be64(epoch), header);
const ciphertextMac = (auth, epoch, ct1, ct2) => hmac(auth.mac, NAME, "ciphertext", be64(epoch), ct1, ct2);
const epochSecret = (shared, epoch) => hkdf(ZERO, shared, cat(NAME, "SCKA Key", be64(epoch)), 32)[0];

const link = (state, epoch, a2b, b2a) => {
  const [send, receive] = state.direction === "A2B" ? [a2b, b2a] : [b2a, a2b];
  return { epoch, send: { counter: 0, next: send }, receive: { counter: 0, next: receive }, old: new Map() };
};
const begin = (state) => {
  if (state.chain) return;
  const [root, a2b, b2a] = hkdf(ZERO, state.authKey, "Signal PQ Ratchet V1 Chain  Start", 32, 32, 32);
  state.chain = { root, sendEpoch: 0, links: [link(state, 0, a2b, b2a)] };
};
const addEpoch = (state, secret) => {
  const [root, a2b, b2a] = hkdf(state.chain.root, secret, "Signal PQ Ratchet V1 Chain Add Epoch", 32, 32, 32);
  const last = state.chain.links.at(-1).epoch;
  Object.assign(state.chain, { root });
  state.chain.links.push(link(state, last + 1, a2b, b2a));
};
const step = (half) => {
  half.counter++;
  const [next, key] = hkdf(ZERO, half.next, cat(be32(half.counter), "Signal PQ Ratchet V1 Chain Next"), 32, 32);
  half.next = next;
  return key;
};
const sendKey = (chain, epoch) => {
  if (epoch !== chain.sendEpoch) {
    chain.sendEpoch = epoch;
    while (chain.links.filter((one) => one.epoch < epoch).length > 1) chain.links.shift();
    for (const one of chain.links) if (one.epoch < epoch) one.send.next = null;
  }
  const { send } = chain.links.find((one) => one.epoch === epoch);
  return { key: step(send), index: send.counter };
};
const receiveKey = (chain, epoch, index) => {
  const one = chain.links.find((candidate) => candidate.epoch === epoch);
  if (!one) throw new Error("epoch out of range");
  if (index <= one.receive.counter) {
    if (!one.old.has(index)) throw new Error("key already requested");
    const key = one.old.get(index);
    one.old.delete(index);
    return key;
  }
  if (index - one.receive.counter > 25000) throw new Error("key jump");
  while (one.receive.counter + 1 < index) {
    const key = step(one.receive);
    one.old.set(one.receive.counter, key);
  }
  return step(one.receive);
};

export const start = (direction, authKey) => ({
  direction, authKey, negotiating: true, chain: null, epoch: 1,
  auth: update({ root: ZERO, mac: ZERO }, 1, authKey),
  ...(direction === "A2B" ? { name: "KeysUnsampled" } : { name: "NoHeaderReceived", in: [] }),
});

/** Goes to another state of the braid: `parts` is all that it has beside epoch and authenticator. */
const become = (state, name, parts = {}) => {
  for (const part of ["kem", "out", "in", "ct1", "header", "m", "ct2Mac"]) delete state[part];
  return Object.assign(state, { name }, parts);
};
const out = (bytes) => ({ next: 0, bytes });
const TYPES = { none: 0, hdr: 1, ek: 2, ekCt1Ack: 3, ct1Ack: 4, ct1: 5, ct2: 6 };
const SENDS = {
  KeysSampled: "hdr", HeaderSent: "ek", Ct1Received: "ekCt1Ack", EkSentCt1Received: "ct1Ack", NoHeaderReceived: "none",
  Ct1Sampled: "ct1", EkReceivedCt1Sampled: "ct1", Ct1Acknowledged: "none", Ct2Sampled: "ct2",
};

/** Sends: changes the state, gives message and key. */
export const send = (state, random, kems) => {
  const epoch = state.epoch;
  let secret = null;
  if (state.name === "KeysUnsampled") {
    const kem = kems.bySeed.get(random.shift());
    const seed = kem.header.subarray(0, 32);
    if (hex(kem.header.subarray(32)) !== hex(hash("sha3-256", kem.ekVector, seed))) throw new Error("hek");
    become(state, "KeysSampled", { kem, out: out(cat(kem.header, headerMac(state.auth, epoch, kem.header))) });
  } else if (state.name === "HeaderReceived") {
    const kem = kems.byM.get(random.shift());
    secret = epochSecret(kem.shared, epoch);
    state.auth = update(state.auth, epoch, secret);
    become(state, "Ct1Sampled", { header: state.header, m: kem.m, kem, out: out(kem.ct1), in: [] });
  }
  const kind = SENDS[state.name];
  const chunk = state.out && ["hdr", "ek", "ekCt1Ack", "ct1", "ct2"].includes(kind) ? state.out.next++ : null;
  begin(state);
  if (secret) addEpoch(state, secret);
  const { key, index } = sendKey(state.chain, epoch - 1);
  const payload = chunk === null ? [] : [varint(chunk), interpolate(cut(state.out.bytes), chunk)];
  return { key, message: cat([1], varint(epoch), varint(index), [TYPES[kind]], ...payload) };
};

const parse = (message) => {
  const at = { at: 1 };
  const [epoch, index, type] = [unvarint(message, at), unvarint(message, at), message[at.at++]];
  const kind = Object.keys(TYPES).find((name) => TYPES[name] === type);
  if (kind === "none" || kind === "ct1Ack") return { epoch, index, kind };
  const place = unvarint(message, at);
  return { epoch, index, kind, chunk: [place, message.subarray(at.at, at.at + CHUNK)] };
};
const add = (chunks, chunk) => (chunks.some(([at]) => at === chunk[0]) ? chunks : [...chunks, chunk]);

const finishCiphertext = (state) => cat(state.kem.ct2, ciphertextMac(state.auth, state.epoch, state.kem.ct1, state.kem.ct2));

/** What a chunk of the encapsulation key changes at the other party; `acknowledged` says that it has all of ct1. */
const takeKey = (state, chunk, acknowledged) => {
  const chunks = add(state.in, chunk);
  if (chunks.length === 36) {
    if (hex(hash("sha3-256", decode(chunks, 1152), state.header.subarray(0, 32))) !== hex(state.header.subarray(32))) {
      throw new Error("erroneous data");
    }
    const ct2Mac = finishCiphertext(state);
    if (acknowledged) return become(state, "Ct2Sampled", { out: out(ct2Mac) });
    return become(state, "EkReceivedCt1Sampled", { out: state.out, ct2Mac });
  }
  if (state.name === "Ct1Sampled" && acknowledged) {
    const { header, m, kem } = state;
    return become(state, "Ct1Acknowledged", { header, m, kem, ct1: kem.ct1, in: chunks });
  }
  return Object.assign(state, { in: chunks });
};

/** The state machine's part of receiving; gives an epoch secret or nothing. */
const advance = (state, { kind, chunk }, kems) => {
  const { name, epoch } = state;
  if (name === "KeysSampled" && kind === "ct1") {
    const { kem } = state;
    become(state, "HeaderSent", { kem, out: out(kem.ekVector), in: [chunk] });
  } else if (name === "HeaderSent" && kind === "ct1") {
    const { kem, out } = state;
    state.in = add(state.in, chunk);
    if (state.in.length === 30) become(state, "Ct1Received", { kem, out, ct1: decode(state.in, 960) });
  } else if (name === "Ct1Received" && kind === "ct2") {
    const { kem, ct1 } = state;
    become(state, "EkSentCt1Received", { kem, ct1, in: [chunk] });
  } else if (name === "EkSentCt1Received" && kind === "ct2") {
    state.in = add(state.in, chunk);
    if (state.in.length < 5) return null;
    const whole = decode(state.in, 160);
    const [ct2, mac] = [whole.subarray(0, 128), whole.subarray(128)];
    const secret = epochSecret(kems.byCiphertext.get(hex(cat(state.ct1, ct2))), epoch);
    state.auth = update(state.auth, epoch, secret);
    if (hex(mac) !== hex(ciphertextMac(state.auth, epoch, state.ct1, ct2))) throw new Error("MAC");
    become(state, "NoHeaderReceived", { in: [], epoch: epoch + 1 });
    return secret;
  } else if (name === "NoHeaderReceived" && kind === "hdr") {
    state.in = add(state.in, chunk);
    if (state.in.length < 3) return null;
    const whole = decode(state.in, 96);
    const header = whole.subarray(0, 64);
    if (hex(whole.subarray(64)) !== hex(headerMac(state.auth, epoch, header))) throw new Error("MAC");
    become(state, "HeaderReceived", { header });
  } else if (["Ct1Sampled", "Ct1Acknowledged"].includes(name) && ["ek", "ekCt1Ack"].includes(kind)) {
    takeKey(state, chunk, name === "Ct1Acknowledged" || kind === "ekCt1Ack");
  } else if (name === "EkReceivedCt1Sampled" && ["ekCt1Ack", "ct1Ack"].includes(kind)) {
    become(state, "Ct2Sampled", { out: out(state.ct2Mac) });
  }
  return null;
};

/** Receives: changes the state, gives the key. */
export const receive = (state, bytes, kems) => {
  const message = parse(bytes);
  let secret = null;
  if (message.epoch > state.epoch) {
    if (state.name !== "Ct2Sampled" || message.epoch !== state.epoch + 1) throw new Error("epoch out of range");
    become(state, "KeysUnsampled", { epoch: message.epoch });
  } else if (message.epoch === state.epoch) {
    secret = advance(state, message, kems);
  }
  begin(state);
  if (secret) addEpoch(state, secret);
  const key = receiveKey(state.chain, message.epoch - 1, message.index);
  state.negotiating = false;
  return key;
};

/** The canonical listing. */
export const list = (state) => {
  const lines = [`direction=${state.direction}`];
  if (state.negotiating) lines.push(`auth_key=${hex(state.authKey)}`);
  if (state.chain) {
    lines.push(`chain.root=${hex(state.chain.root)}`, `chain.send_epoch=${state.chain.sendEpoch}`);
    for (const { epoch, send, receive, old } of state.chain.links) {
      lines.push(`chain.epoch=${epoch}`, `send=${send.counter}:${send.next ? hex(send.next) : ""}`);
      lines.push(`receive=${receive.counter}:${hex(receive.next)}`);
      for (const index of [...old.keys()].sort((a, b) => a - b)) lines.push(`MKSKIPPED=${index}:${hex(old.get(index))}`);
    }
  }
  lines.push(`state=${state.name}`, `epoch=${state.epoch}`, `auth.root=${hex(state.auth.root)}`, `auth.mac=${hex(state.auth.mac)}`);
  const ours = ["KeysSampled", "HeaderSent", "Ct1Received", "EkSentCt1Received"].includes(state.name);
  if (ours) lines.push(`dk=${hex(state.kem.dk)}`);
  if (state.header) lines.push(`header=${hex(state.header)}`);
  if (state.m) lines.push(`m=${hex(state.m)}`);
  if (state.out) lines.push(`out=${state.out.next}:${hex(state.out.bytes)}`);
  if (state.ct1) lines.push(`ct1=${hex(state.ct1)}`);
  if (state.ct2Mac) lines.push(`ct2_mac=${hex(state.ct2Mac)}`);
  for (const [at, chunk] of [...(state.in ?? [])].sort(([a], [b]) => a - b)) lines.push(`in=${at}:${hex(chunk)}`);
  return lines;
};

/** What the vectors say about the KEM, gathered from all steps of a case. */
export const gather = (steps) => {
  const kems = { bySeed: new Map(), byM: new Map(), byCiphertext: new Map() };
  for (const { kem } of steps) {
    if (kem?.seed) kems.bySeed.set(kem.seed, { header: bin(kem.header), ekVector: bin(kem.ek_vector), dk: bin(kem.dk) });
    if (kem?.m) {
      kems.byM.set(kem.m, { m: bin(kem.m), ct1: bin(kem.ct1), ct2: kem.ct2 && bin(kem.ct2), shared: bin(kem.K) });
      if (kem.ct2) kems.byCiphertext.set(kem.ct1 + kem.ct2, bin(kem.K));
    }
  }
  return kems;
};

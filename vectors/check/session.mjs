// SPDX-License-Identifier: MIT OR Apache-2.0

// Sessions: agreement, Double Ratchet and messages. A session is plain data; a step that may fail works on a copy.

import * as braid from "./braid.mjs";
import { bin, cat, cbc, dh, hex, hkdf, hmac, pair, protobuf, uncbc, unprotobuf, ZERO } from "./primitives.mjs";

/** X3DH or PQXDH: `agreed` are the Diffie-Hellman results, `ss` the KEM's secret. */
export const derive = (version, agreed, ss) => {
  const input = cat(Buffer.alloc(32, 0xff), ...agreed, ...(version === 4 ? [ss] : []));
  return version === 4
    ? hkdf(ZERO, input, "WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024", 32, 32, 32)
    : hkdf(ZERO, input, "WhisperText", 32, 32);
};

const rootStep = (root, shared) => hkdf(root, shared, "WhisperRatchet", 32, 32);
const messageKeys = (seed, salt) => {
  const [cipher, mac, iv] = hkdf(salt ?? ZERO, seed, "WhisperMessageKeys", 32, 32, 16);
  return { cipher, mac, iv };
};

/** A session that `us` begins with the prekeys of `them`. */
export const initiate = (version, us, them, prekeys, random, kem) => {
  const ek = pair(bin(random.shift()));
  if (version === 4) random.shift(); // The encapsulation's: what it gives is in `kem`.
  const ratchet = pair(bin(random.shift()));
  const [spk, opk] = [bin(prekeys.SPK.public), bin(prekeys.OPK.public)];
  const agreed = [dh(us.private, spk), dh(ek.private, them.public), dh(ek.private, spk), dh(ek.private, opk)];
  const [root, chain, authKey] = derive(version, agreed, kem && bin(kem.ss));
  const [RK, CKs] = rootStep(root, dh(ratchet.private, spk));
  return {
    version, us, them, EK: ek.public, RK, PN: 0, DHs: ratchet, CKs: { n: 0, key: CKs },
    pending: { SPK: prekeys["SPK.id"], OPK: prekeys["OPK.id"], KPK: kem && [prekeys["KPK.id"], bin(kem.ciphertext)] },
    receiving: [{ DHr: spk, CKr: { n: 0, key: chain }, skipped: new Map() }],
    braid: version === 4 ? braid.start("A2B", authKey) : null,
  };
};

/** The session that a first message asks for. */
export const accept = (version, us, them, prekeys, ek, ss) => {
  const [spk, opk] = [bin(prekeys.SPK.private), bin(prekeys.OPK.private)];
  const agreed = [dh(spk, them.public), dh(us.private, ek), dh(spk, ek), dh(opk, ek)];
  const [root, chain, authKey] = derive(version, agreed, ss);
  return {
    version, us, them, EK: ek, RK: root, PN: 0, receiving: [],
    DHs: { private: spk, public: bin(prekeys.SPK.public) }, CKs: { n: 0, key: chain },
    braid: version === 4 ? braid.start("B2A", authKey) : null,
  };
};

const first = (version) => (version === 4 ? 0x44 : 0x33);
const mac = (key, sender, receiver, bytes) => hmac(key, sender.public, receiver.public, bytes).subarray(0, 8);

/** Encrypts: changes the session, gives the message and its keys. */
export const encrypt = (session, plaintext, random, kems) => {
  const sent = session.braid ? braid.send(session.braid, random, kems) : {};
  const seed = hmac(session.CKs.key, [1]);
  const keys = messageKeys(seed, sent.key);
  const addresses = session.pending && session.version === 4 ? cat(session.us.address, session.them.address) : undefined;
  const fields = protobuf([1, session.DHs.public], [2, session.CKs.n], [3, session.PN],
    [4, cbc(keys.cipher, keys.iv, plaintext)], [5, sent.message], [6, addresses]);
  const body = cat([first(session.version)], fields);
  let message = cat(body, mac(keys.mac, session.us, session.them, body));
  session.CKs = { n: session.CKs.n + 1, key: hmac(session.CKs.key, [2]) };
  if (session.pending) {
    const { SPK, OPK, KPK } = session.pending;
    const wrapped = protobuf([1, OPK], [2, session.EK], [3, session.us.public], [4, message],
      [5, session.us.registration], [6, SPK], [7, KPK?.[0]], [8, KPK?.[1]]);
    message = cat([first(session.version)], wrapped);
  }
  return { message, seed, ...keys, salt: sent.key, pq: sent.message };
};

/** A step of the Diffie-Hellman ratchet, and the chain that it begins. */
const turn = (session, theirs, random) => {
  const [received, CKr] = rootStep(session.RK, dh(session.DHs.private, theirs));
  const fresh = pair(bin(random.shift()));
  const [RK, CKs] = rootStep(received, dh(fresh.private, theirs));
  Object.assign(session, { RK, PN: Math.max(session.CKs.n - 1, 0), DHs: fresh, CKs: { n: 0, key: CKs } });
  session.receiving.push({ DHr: theirs, CKr: { n: 0, key: CKr }, skipped: new Map() });
  while (session.receiving.length > 5) session.receiving.shift();
  return session.receiving.at(-1);
};

/** The seed for a counter of a chain; those in between are kept. */
export const seedOf = (chain, skipped, counter) => {
  if (counter < chain.n) {
    const seed = skipped.get(counter);
    if (!seed) throw new Error("a duplicate");
    skipped.delete(counter);
    return seed;
  }
  for (; ; chain.n++, chain.key = hmac(chain.key, [2])) {
    const seed = hmac(chain.key, [1]);
    if (chain.n === counter) {
      Object.assign(chain, { n: counter + 1, key: hmac(chain.key, [2]) });
      return seed;
    }
    skipped.set(chain.n, seed);
  }
};

/** Decrypts the inner message: changes the session, gives the plaintext. */
export const decrypt = (session, message, random, kems) => {
  const [body, tag] = [message.subarray(0, -8), message.subarray(-8)];
  const fields = unprotobuf(body.subarray(1));
  const chain = session.receiving.find(({ DHr }) => DHr.equals(fields[1])) ?? turn(session, fields[1], random);
  const seed = seedOf(chain.CKr, chain.skipped, fields[2]);
  const salt = session.braid ? braid.receive(session.braid, fields[5], kems) : null;
  const keys = messageKeys(seed, salt);
  if (!mac(keys.mac, session.them, session.us, body).equals(tag)) throw new Error("MAC");
  if (fields[6] && !cat(session.them.address, session.us.address).equals(fields[6])) throw new Error("addresses");
  delete session.pending;
  return uncbc(keys.cipher, keys.iv, fields[4]);
};

export const skippedLines = (skipped) =>
  [...skipped.keys()].sort((a, b) => a - b).map((counter) => `MKSKIPPED=${counter}:${hex(skipped.get(counter))}`);

/** The canonical listing. */
export const list = (session) => {
  const { us, them, pending } = session;
  const lines = [
    `version=${session.version}`, `IK.local=${hex(us.public)}`, `IK.remote=${hex(them.public)}`,
    `registration.local=${us.registration}`, `registration.remote=${them.registration}`, `EK=${hex(session.EK)}`,
  ];
  if (pending) {
    lines.push(`pending.SPK=${pending.SPK}`, `pending.OPK=${pending.OPK}`);
    if (pending.KPK) lines.push(`pending.KPK=${pending.KPK[0]}:${hex(pending.KPK[1])}`);
  }
  lines.push(`RK=${hex(session.RK)}`, `PN=${session.PN}`, `DHs.public=${hex(session.DHs.public)}`,
    `DHs.private=${hex(session.DHs.private)}`, `CKs=${session.CKs.n}:${hex(session.CKs.key)}`);
  for (const { DHr, CKr, skipped } of session.receiving) {
    lines.push(`DHr=${hex(DHr)}`, `CKr=${CKr.n}:${hex(CKr.key)}`, ...skippedLines(skipped));
  }
  return session.braid ? [...lines, ...braid.list(session.braid)] : lines;
};

// SPDX-License-Identifier: MIT OR Apache-2.0

// Sender keys.

import { bin, cat, cbc, hex, hkdf, hmac, pair, protobuf, same, sign, stateHash, uncbc, unprotobuf, verify, ZERO } from "./primitives.mjs";
import { seedOf, skippedLines } from "./session.mjs";

/** Iv and cipher key of a message. */
const messageKeys = (seed) => hkdf(ZERO, seed, "WhisperGroup", 16, 32);

/** The number of a field: without distribution id all are one less. */
const shifted = (id, fields) => protobuf(...fields.map(([number, value]) => [id ? number : number - 1, value]).filter(([number]) => number));

const listSender = ({ id, chainId, chain, signing }) => [
  ...(id ? [`distribution_id=${hex(id)}`] : []), `chain_id=${chainId}`, `CK=${chain.n}:${hex(chain.key)}`,
  `signing.public=${hex(signing.public)}`, `signing.private=${hex(signing.private)}`,
];
const listMember = ({ id, chains }) => [
  ...(id ? [`distribution_id=${hex(id)}`] : []),
  ...chains.flatMap(({ chainId, signing, chain, skipped }) => [
    `chain_id=${chainId}`, `signing.public=${hex(signing)}`, `CK=${chain.n}:${hex(chain.key)}`, ...skippedLines(skipped),
  ]),
];

const read = (id, bytes) => {
  const fields = unprotobuf(bytes.subarray(1));
  return Array.from({ length: 4 }, (_, at) => fields[(id ? 2 : 1) + at]);
};

const decrypt = ({ id, chains }, message) => {
  const [body, signature] = [message.subarray(0, -64), message.subarray(-64)];
  const [chainId, iteration, ciphertext] = read(id, body);
  const found = chains.find((one) => one.chainId === chainId);
  if (!verify(found.signing, body, signature)) throw new Error("the signature");
  const [iv, key] = messageKeys(seedOf(found.chain, found.skipped, iteration));
  return uncbc(key, iv, ciphertext);
};

export const groups = (cases) => {
  for (const { distribution_id, steps } of cases) {
    const id = distribution_id && bin(distribution_id);
    const member = () => ({ id, chains: [] });
    const [members, sent] = [{ member: member(), latecomer: member() }, []];
    let sender = null;
    for (const step of steps) {
      const random = (step.random ?? []).map(bin);
      if (step.op === "generate") {
        const [chainId, key, signing] = random;
        sender = { id, chainId: chainId.readUInt32LE() >>> 1, chain: { n: 0, key }, signing: pair(signing) };
      } else if (step.op === "learn") {
        const { chainId, chain, signing } = sender;
        const fields = [[1, id ?? undefined], [2, chainId], [3, chain.n], [4, chain.key], [5, signing.public]];
        same("distribution", cat([0x33], shifted(id, fields)), step.message);
        const [readId, n, chainKey, readKey] = read(id, bin(step.message));
        members[step.by].chains.unshift({ chainId: readId, signing: readKey, chain: { n, key: chainKey }, skipped: new Map() });
      } else if (step.op === "encrypt") {
        const { chainId, chain, signing } = sender;
        const seed = hmac(chain.key, [1]);
        same("seed", seed, step.seed);
        const [iv, key] = messageKeys(seed);
        const fields = [[1, id ?? undefined], [2, chainId], [3, chain.n], [4, cbc(key, iv, bin(step.plaintext))]];
        const body = cat([0x33], shifted(id, fields));
        const message = cat(body, sign(signing.private, body, random[0]));
        same("message", message, step.message);
        sender.chain = { n: chain.n + 1, key: hmac(chain.key, [2]) };
        sent.push({ message, plaintext: step.plaintext });
      } else {
        let plaintext = null;
        try { plaintext = decrypt(members[step.by], sent[step.number].message); } catch (error) { if (step.op !== "refuse") throw error; }
        same("plaintext", plaintext && hex(plaintext), step.op === "refuse" ? null : sent[step.number].plaintext);
      }
      const lines = step.by === "sender" ? listSender(sender) : listMember(members[step.by]);
      same("state", lines, step.state);
      same("state_hash", stateHash(lines), step.state_hash);
    }
  }
};

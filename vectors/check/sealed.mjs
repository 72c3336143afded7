// SPDX-License-Identifier: MIT OR Apache-2.0

// Sealed sender.

import { bin, cat, checkPair, ctr, dh, gcmSiv, hex, hkdf, hmac, pair, protobuf, same, sign, varint, verify, ZERO } from "./primitives.mjs";

const certificates = ({ trust_root, server, sender }) => {
  [trust_root, server.key, sender.IK].forEach((pair) => checkPair("key", pair));
  const issue = (inner, { random, certificate }, signer) => {
    const signature = sign(bin(signer.private), inner, bin(random[0]));
    same("certificate", protobuf([1, inner], [2, signature]), certificate);
    same("signature", verify(bin(signer.public), inner, signature), true);
  };
  issue(protobuf([1, server.id], [2, bin(server.key.public)]), server, trust_root);
  const expires = Buffer.alloc(8);
  expires.writeBigUInt64LE(BigInt(sender.expires));
  const inner = cat(protobuf([1, sender.e164], [2, sender.device]), [(3 << 3) | 1], expires,
    protobuf([4, bin(sender.IK.public)], [5, bin(server.certificate)], [6, sender.uuid]));
  issue(inner, sender, server.key);
  return sender.certificate;
};

/** What is sealed; the kind of a group message is 7 inside, too. */
const content = (vector, certificate) =>
  protobuf([1, vector.kind], [2, bin(certificate)], [3, bin(vector.message)], [4, vector.hint || undefined],
    [5, vector.group_id && bin(vector.group_id)]);

const box = (cipher, mac, plaintext) => {
  const ciphertext = ctr(cipher, plaintext);
  return cat(ciphertext, hmac(mac, ciphertext).subarray(0, 10));
};

const version1 = (vector, certificate) => {
  const [S, R] = [vector.sender, vector.recipient].map((key) => ({ private: bin(key.private), public: bin(key.public) }));
  [vector.sender, vector.recipient].forEach((pair) => checkPair("key", pair));
  const e = pair(bin(vector.random[0]));
  same("e", { private: hex(e.private), public: hex(e.public) }, vector.e);
  same("content", content(vector, certificate), vector.content);
  const outer = { DH: dh(e.private, R.public), salt: cat("UnidentifiedDelivery", R.public, e.public) };
  [outer.chain, outer.cipher, outer.mac] = hkdf(outer.salt, outer.DH, "", 32, 32, 32);
  for (const key of Object.keys(vector.outer)) same(key, outer[key], vector.outer[key]);
  const encryptedStatic = box(outer.cipher, outer.mac, S.public);
  same("encrypted_static", encryptedStatic, vector.encrypted_static);
  const shared = dh(S.private, R.public);
  const [, cipher, mac] = hkdf(cat(outer.chain, encryptedStatic), shared, "", 32, 32, 32);
  same("inner", { DH: hex(shared), cipher: hex(cipher), mac: hex(mac) }, vector.inner);
  const encryptedMessage = box(cipher, mac, bin(vector.content));
  same("encrypted_message", encryptedMessage, vector.encrypted_message);
  same("envelope", cat([0x11], protobuf([1, e.public], [2, encryptedStatic], [3, encryptedMessage])), vector.envelope);
};

const serviceId = (text) => cat([text.startsWith("PNI:") ? 1 : 0], bin(text.replace("PNI:", "").replaceAll("-", "")));

const version2 = (vector, certificate) => {
  same("content", content(vector, certificate), vector.content);
  const S = { private: bin(vector.sender.private), public: bin(vector.sender.public) };
  const m = bin(vector.random[0]);
  const e = pair(hkdf(ZERO, m, "Sealed Sender v2: r (2023-08)", 32)[0]);
  same("m", m, vector.m);
  same("e", { private: hex(e.private), public: hex(e.public) }, vector.e);
  const [K] = hkdf(ZERO, m, "Sealed Sender v2: K", 32);
  same("K", K, vector.K);
  const ciphertext = gcmSiv(K, bin(vector.content));
  same("ciphertext", ciphertext, vector.ciphertext);
  const shared = cat(e.public.subarray(1), ciphertext);
  const entries = vector.recipients.map((recipient) => {
    checkPair("key", recipient.IK);
    const R = bin(recipient.IK.public);
    const agreed = dh(e.private, R);
    const [pad] = hkdf(ZERO, cat(agreed, e.public, R), "Sealed Sender v2: DH", 32);
    const C = Buffer.from(pad.map((byte, at) => byte ^ m[at]));
    const ours = dh(S.private, R);
    const [AT] = hkdf(ZERO, cat(ours, e.public, C, S.public, R), "Sealed Sender v2: DH-sender", 16);
    const found = { DH: agreed, pad, C, "DH.sender": ours, AT, received: cat([0x22], C, AT, shared) };
    for (const [name, value] of Object.entries(found)) same(name, value, recipient[name]);
    const devices = recipient.devices.map(([device, registration], at) => {
      const more = at + 1 < recipient.devices.length ? 0x8000 : 0;
      return Buffer.from([device, (more | registration) >> 8, registration & 0xff]);
    });
    return cat(serviceId(recipient.service_id), ...devices, C, AT);
  });
  const excluded = vector.excluded.map((id) => cat(serviceId(id), [0]));
  const all = [...entries, ...excluded];
  same("sent", cat([0x23], varint(all.length), ...all, shared), vector.sent);
};

export const sealedSender = ([first, second, third]) => {
  const certificate = certificates(first);
  version1(second, certificate);
  version2(third, certificate);
};

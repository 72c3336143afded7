// SPDX-License-Identifier: MIT OR Apache-2.0

// Primitives: those of Node, and what it lacks.

import crypto from "node:crypto";

export const hex = (bytes) => Buffer.from(bytes).toString("hex");
export const bin = (text) => Buffer.from(text, "hex");
export const cat = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
export const ZERO = Buffer.alloc(32);
export const be32 = (value) => { const out = Buffer.alloc(4); out.writeUInt32BE(value); return out; };
export const be64 = (value) => { const out = Buffer.alloc(8); out.writeBigUInt64BE(BigInt(value)); return out; };

export const hash = (name, ...parts) => crypto.createHash(name).update(cat(...parts)).digest();
export const hmac = (key, ...parts) => crypto.createHmac("sha256", key).update(cat(...parts)).digest();
/** HKDF-SHA-256, cut into pieces of the given lengths. */
export const hkdf = (salt, ikm, info, ...lengths) => {
  const okm = Buffer.from(crypto.hkdfSync("sha256", ikm, salt, info, lengths.reduce((a, b) => a + b)));
  let at = 0;
  return lengths.map((length) => okm.subarray(at, (at += length)));
};

const PRIVATE = bin("302e020100300506032b656e04220420");
const PUBLIC = bin("302a300506032b656e032100");
export const clamp = (bytes) => {
  const out = Buffer.from(bytes);
  out[0] &= 0xf8;
  out[31] = (out[31] & 0x7f) | 0x40;
  return out;
};
const privateKey = (bytes) => crypto.createPrivateKey({ key: cat(PRIVATE, bytes), format: "der", type: "pkcs8" });
/** X25519 of a private key and a public key with its type byte. */
export const dh = (mine, theirs) =>
  crypto.diffieHellman({
    privateKey: privateKey(mine),
    publicKey: crypto.createPublicKey({ key: cat(PUBLIC, theirs.subarray(1)), format: "der", type: "spki" }),
  });
/** The public key with its type byte. */
export const publicKey = (mine) =>
  cat([5], crypto.createPublicKey(privateKey(mine)).export({ format: "der", type: "spki" }).subarray(-32));
/** A pair of 32 drawn bytes. */
export const pair = (drawn) => ({ private: clamp(drawn), public: publicKey(clamp(drawn)) });

// Edwards25519, for signatures: P the field's prime, L the base point's order.
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (value, by = P) => ((value % by) + by) % by;
const number = (bytes) => BigInt("0x" + hex(Buffer.from(bytes).reverse()));
const bytes32 = (value) => bin(value.toString(16).padStart(64, "0")).reverse();
const power = (base, exponent) => {
  let out = 1n;
  for (; exponent; exponent >>= 1n, base = mod(base * base)) if (exponent & 1n) out = mod(out * base);
  return out;
};
const divide = (a, b) => mod(a * power(b, P - 2n));
const D = divide(-121665n, 121666n);
const BASE = [15112221349535400772501151409588531511454012693041857206046113283949847762202n, divide(4n, 5n), 1n];
/** The sum of two points, projective. */
const plus = ([x1, y1, z1], [x2, y2, z2]) => {
  const [a, c, d] = [mod(z1 * z2), mod(x1 * x2), mod(y1 * y2)];
  const [b, e] = [mod(a * a), mod(D * c * d)];
  const [f, g] = [mod(b - e), mod(b + e)];
  return [mod(a * f * ((x1 + y1) * (x2 + y2) - c - d)), mod(a * g * (d + c)), mod(f * g)];
};
/** The encoded multiple of the base point. */
const multiple = (scalar) => {
  let [out, base] = [[0n, 1n, 1n], BASE];
  for (; scalar; scalar >>= 1n, base = plus(base, base)) if (scalar & 1n) out = plus(out, base);
  const encoded = bytes32(divide(out[1], out[2]));
  encoded[31] |= Number(divide(out[0], out[2]) & 1n) << 7;
  return encoded;
};

/** XEdDSA, with the sign of the key in the signature's last bit. */
export const sign = (key, message, random) => {
  const a = mod(number(key), L);
  const A = multiple(a);
  const r = mod(number(hash("sha512", [0xfe], Buffer.alloc(31, 0xff), key, message, random)), L);
  const R = multiple(r);
  const h = number(hash("sha512", R, A, message));
  const s = bytes32(mod(h * a + r, L));
  s[31] |= A[31] & 0x80;
  return cat(R, s);
};

/** Verified as Ed25519, under the key y = (u − 1) / (u + 1). */
export const verify = (key, message, signature) => {
  const u = mod(number(key.subarray(1)));
  const point = bytes32(divide(u - 1n, u + 1n));
  point[31] |= signature[63] & 0x80;
  const rest = Buffer.from(signature);
  rest[63] &= 0x7f;
  const der = cat(bin("302a300506032b6570032100"), point);
  return crypto.verify(null, message, crypto.createPublicKey({ key: der, format: "der", type: "spki" }), rest);
};

const cipher = (name, key, iv, input, pad = true) => {
  const state = crypto.createCipheriv(name, key, iv).setAutoPadding(pad);
  return cat(state.update(input), state.final());
};
export const cbc = (key, iv, plaintext) => cipher("aes-256-cbc", key, iv, plaintext);
export const uncbc = (key, iv, ciphertext) => {
  const state = crypto.createDecipheriv("aes-256-cbc", key, iv);
  return cat(state.update(ciphertext), state.final());
};
export const ctr = (key, input) => cipher("aes-256-ctr", key, Buffer.alloc(16), input);
const block = (key, input) => cipher("aes-256-ecb", key, null, input, false);

/** AES-256-GCM-SIV (RFC 8452) with a zero nonce and no associated data. */
export const gcmSiv = (key, plaintext) => {
  const part = (counter) => block(key, cat([counter], Buffer.alloc(15))).subarray(0, 8);
  const [authentication, encryption] = [cat(part(0), part(1)), cat(part(2), part(3), part(4), part(5))];
  const bytes = (value) => bin(value.toString(16).padStart(32, "0")).reverse();
  const polynomial = (1n << 128n) | (1n << 127n) | (1n << 126n) | (1n << 121n) | 1n;
  // a · b · x^−128
  const dot = (a, b) => {
    let product = 0n;
    for (let at = 0n; at < 128n; at++) if ((b >> at) & 1n) product ^= a << at;
    for (let at = 0; at < 128; at++) product = (product & 1n ? product ^ polynomial : product) >> 1n;
    return product;
  };
  const bits = Buffer.alloc(16);
  bits.writeBigUInt64LE(BigInt(plaintext.length) * 8n, 8);
  const padded = cat(plaintext, Buffer.alloc((16 - (plaintext.length % 16)) % 16), bits);
  let sum = 0n;
  for (let at = 0; at < padded.length; at += 16) {
    sum = dot(sum ^ number(padded.subarray(at, at + 16)), number(authentication));
  }
  const digest = bytes(sum);
  digest[15] &= 0x7f;
  const tag = block(encryption, digest);
  const counter = Buffer.from(tag);
  counter[15] |= 0x80;
  const out = Buffer.from(plaintext);
  for (let at = 0; at < out.length; at += 16) {
    const stream = block(encryption, counter);
    for (let i = at; i < Math.min(at + 16, out.length); i++) out[i] ^= stream[i - at];
    counter.writeUInt32LE((counter.readUInt32LE() + 1) >>> 0);
  }
  return cat(out, tag);
};

/** An unsigned varint. */
export const varint = (value) => {
  const out = [];
  for (value = BigInt(value); value > 127n; value >>= 7n) out.push(Number(value & 127n) | 128);
  return Buffer.from([...out, Number(value)]);
};
/** Reads a varint at `at.at`, and moves that on. */
export const unvarint = (bytes, at) => {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at.at++];
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return Number(value);
  }
};
/** Fields of protobuf: of a number a varint, of bytes or a text its bytes; nothing for what is missing. */
export const protobuf = (...fields) =>
  cat(...fields.filter(([, value]) => value !== undefined).map(([number, value]) =>
    typeof value === "number" ? cat([number << 3], varint(value)) : cat([(number << 3) | 2], varint(value.length), Buffer.from(value))));
export const unprotobuf = (bytes) => {
  const [out, at] = [{}, { at: 0 }];
  while (at.at < bytes.length) {
    const tag = bytes[at.at++];
    const value = unvarint(bytes, at);
    out[tag >> 3] = (tag & 7) === 2 ? bytes.subarray(at.at, (at.at += value)) : value;
  }
  return out;
};

/** The hash of a listing. */
export const stateHash = (lines) => hex(hash("sha256", lines.map((line) => line + "\n").join("")));

let checked = 0;
export const count = () => checked;
/** Fails if a value is not the published one. */
export const same = (what, found, published) => {
  const [a, b] = [found, published].map((value) => (Buffer.isBuffer(value) ? hex(value) : JSON.stringify(value)));
  checked++;
  if (a !== b && a !== JSON.parse(b.startsWith('"') ? b : "null")) throw new Error(`${what}:\n  computed  ${a}\n  published ${b}`);
};
/** Fails if the halves of a published pair do not belong together. */
export const checkPair = (what, { private: mine, public: known }) => same(what, publicKey(bin(mine)), known);

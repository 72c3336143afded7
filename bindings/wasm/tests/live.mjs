// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Live conversations with other implementations, in one process: 1,000 messages each way, with loss, reorder and
// restarts from stored rows. `node live.mjs FOLDER`, where FOLDER has the peers (shared/interop, installed). They are
// black boxes: tools of this test, which ship with nothing.

import assert from 'node:assert/strict';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Account, Address, Bundle, Store } from '../pkg/node/subrosa.js';

const folder = path.resolve(process.argv[2] ?? '');
const load = async (file) => new (await import(pathToFileURL(path.join(folder, file)))).Peer();
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const un = (text) => new Uint8Array(Buffer.from(text, 'hex'));
// A peer silences the console.
const say = (text) => process.stdout.write(`${text}\n`);
const NOW = Date.now();

// The same numbers in each run.
let state = 1;
const random = (below) => (state = (state * 48271) % 2147483647) % below;
const shuffle = (list) => {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
};

class Ours {
  constructor(name, peer, options) {
    this.address = new Address(name, 1);
    this.peer = new Address(peer, 1);
    this.options = options;
    this.store = new Store();
    this.account = Account.generate(this.address, options).commitTo(this.store);
    this.upload = this.account.maintain(0, 0, NOW).commitTo(this.store);
    this.session = this.account.newSession(this.peer);
  }
  /** Everything again from rows, as after a restart. */
  restart() {
    const rows = this.store.rows().map((row) => structuredClone(row));
    for (const old of [this.store, this.account, this.session]) old.free();
    this.store = Store.ofRows(rows);
    this.account = this.store.account(this.address, this.options);
    this.session = this.store.session(this.account, this.peer);
  }
  get pinned() { return this.store.identity(this.peer.name); }
  encrypt(text) {
    const message = this.session.encrypt(text, NOW, this.pinned).commitTo(this.store);
    return { type: message.kind, message: hex(message.bytes) };
  }
  decrypt({ type, message }) {
    return this.account.receive(this.session, type, un(message), this.pinned).commitTo(this.store);
  }
}

/** A peer's bundle, as ours. */
const bundleOf = (b) => Bundle.fromParts({
  registrationId: b.registration_id,
  device: b.device_id,
  identityKey: un(b.identity_key),
  signedPreKey: { id: b.signed_pre_key_id, key: un(b.signed_pre_key_public), signature: un(b.signed_pre_key_signature) },
  ...(b.pre_key_id && { oneTimePreKey: { id: b.pre_key_id, key: un(b.pre_key_public) } }),
  ...(b.kyber_pre_key_id && {
    kemPreKey: { id: b.kyber_pre_key_id, key: un(b.kyber_pre_key_public), signature: un(b.kyber_pre_key_signature) },
  }),
});

/** Our bundle, as the peer's. */
const bundleFor = (bundle) => {
  const parts = bundle.parts();
  return {
    registration_id: parts.registrationId, device_id: parts.device, identity_key: hex(parts.identityKey),
    pre_key_id: parts.oneTimePreKey?.id ?? null, pre_key_public: parts.oneTimePreKey ? hex(parts.oneTimePreKey.key) : null,
    signed_pre_key_id: parts.signedPreKey.id, signed_pre_key_public: hex(parts.signedPreKey.key),
    signed_pre_key_signature: hex(parts.signedPreKey.signature),
    kyber_pre_key_id: parts.kemPreKey?.id, kyber_pre_key_public: parts.kemPreKey && hex(parts.kemPreKey.key),
    kyber_pre_key_signature: parts.kemPreKey && hex(parts.kemPreKey.signature),
  };
};

const NAMES = ['796abedb-ca4e-4f18-8803-1fde5b921f9f', '7d4a1a5c-0d3b-4a9f-9d5e-2f1b7c8e6a10'];

async function conversation({ peer, title, options, weBegin, total, newest }) {
  const started = performance.now();
  const ask = async (op, fields) => {
    const answer = await peer.handle({ op, party: 'theirs', ...fields });
    if (answer.ok === false) throw new Error(`${op}: ${JSON.stringify(answer.error)}`);
    return answer;
  };
  const [ourName, theirName] = NAMES;
  await peer.handle({ op: 'drop_party', party: 'theirs' });
  await ask('new_party', { name: theirName, device: 1 });
  const ours = new Ours(ourName, theirName, options);
  const remote = { name: ourName, device: 1 };
  if (weBegin) {
    const { bundle } = await ask('bundle', { one_time: true });
    ours.session.initiate(ours.account, bundleOf(bundle), NOW).commitTo(ours.store);
  } else {
    await ask('process_bundle', { remote, bundle: bundleFor(ours.upload.nextBundle()) });
  }
  const sent = { ours: 0, theirs: 0 }, read = { ours: 0, theirs: 0 };
  let lost = 0, restarts = 0;
  let turn = weBegin ? 'ours' : 'theirs';
  while (sent.ours < total || sent.theirs < total) {
    // A burst of one side, some of it lost, the rest out of order. The first one arrives.
    const burst = [], size = Math.min(1 + random(8), total - sent[turn]);
    for (let i = 0; i < size; i++) {
      const text = Buffer.from(`${turn} ${sent[turn]++} ${'x'.repeat(random(200))}`);
      burst.push({ text: hex(text), ...(turn === 'ours' ? ours.encrypt(text) : await ask('encrypt', { remote, plaintext: hex(text) })) });
    }
    const arriving = shuffle(burst.filter(() => burst.length === 1 || random(10) > 0));
    lost += burst.length - arriving.length;
    for (const letter of arriving) {
      const text = turn === 'ours'
        ? (await ask('decrypt', { remote, type: letter.type, message: letter.message })).plaintext
        : hex(ours.decrypt(letter));
      assert.equal(text, letter.text);
      read[turn]++;
    }
    // A repeated one is refused.
    if (turn === 'theirs' && arriving.length) assert.throws(() => ours.decrypt(arriving[0]), { name: 'SubrosaError', code: 'Duplicate' });
    if (random(12) === 0) {
      ours.restart();
      restarts++;
    }
    turn = turn === 'ours' ? 'theirs' : 'ours';
  }
  assert.equal(ours.session.version, newest);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`${title}, ${weBegin ? 'we' : 'they'} begin: ${read.ours} of ${sent.ours} and ${read.theirs} of ${sent.theirs} read, ${lost} lost, ${restarts} restarts, ${seconds} s`);
}

const official = await load('peer.mjs'), old = await load('peer-v3.mjs');
const versions = await Promise.all([official, old].map((peer) => peer.handle({ op: 'hello' })));
say(versions.map(({ peer, version }) => `${peer} ${version}`).join(', '));
for (const weBegin of [true, false]) {
  await conversation({ peer: official, title: 'official client', weBegin, total: 1000, newest: 4, options: { batch: 3, low: 1 } });
  const options = { batch: 3, low: 1, allowVersion3: true, kemPreKeys: weBegin };
  await conversation({ peer: old, title: 'npm libsignal', weBegin, total: 1000, newest: 3, options });
}

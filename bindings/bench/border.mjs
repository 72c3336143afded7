// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a message costs in Node, in processor time: as core/examples/border.rs; and, given the folder of the peers, messages a second beside
// theirs: two parties of each library in this process, strict alternation, 1 KiB, bytes as hex, states kept in memory as
// each library serialises them.

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Account, Address, Store } from '../wasm/pkg/node/subrosa.js';

const ROUNDS = 1000, NOW = 1_700_000_000_000, TEXT = new Uint8Array(1024).fill(7);
const say = (text) => process.stdout.write(`${text}\n`);
const hex = (bytes) => Buffer.from(bytes).toString('hex'), un = (text) => new Uint8Array(Buffer.from(text, 'hex'));

function ours(commit) {
  const stores = [new Store(), new Store()];
  const accounts = ['alice', 'bob'].map((name, n) => Account.generate(new Address(name, 1), { batch: 3, low: 1 }).commitTo(stores[n]));
  const [alice, bob] = accounts;
  const upload = bob.maintain(0, 0, NOW).commitTo(stores[1]);
  const sessions = [alice.newSession(bob.address), bob.newSession(alice.address)];
  sessions[0].initiate(alice, upload.nextBundle(), NOW).commitTo(stores[0]);
  return (from) => commit(sessions[from], accounts[1 - from], sessions[1 - from], stores[from], stores[1 - from]);
}

async function time(pass) {
  await pass(0);
  const started = process.cpuUsage();
  for (let n = 0; n < ROUNDS; n++) {
    await pass(1);
    await pass(0);
  }
  const { user, system } = process.cpuUsage(started);
  return (user + system) / (2 * ROUNDS);
}

const border = await time(ours((sender, account, receiver) => {
  const stage = sender.encrypt(TEXT, NOW);
  stage.writes();
  const message = stage.commit(), read = account.receive(receiver, message.kind, message.bytes);
  read.writes();
  read.commit();
}));
say(`node, WebAssembly ${border.toFixed(1)} us a message`);

const folder = process.argv[2];
if (folder) {
  const load = async (file) => new (await import(pathToFileURL(path.resolve(folder, file)))).Peer();
  const rates = { 'subrosa (WebAssembly)': 1e6 / (await time(ours((sender, account, receiver, sends, reads) => {
    const { kind, bytes } = sender.encrypt(un(hex(TEXT)), NOW).commitTo(sends);
    hex(account.receive(receiver, kind, un(hex(bytes))).commitTo(reads));
  }))) };
  for (const [name, file] of [['official client (native code)', 'peer.mjs'], ['npm libsignal (JavaScript)', 'peer-v3.mjs']]) {
    const peer = await load(file);
    const ask = async (op, fields) => {
      const answer = await peer.handle({ op, ...fields });
      if (!answer.ok) throw new Error(JSON.stringify(answer.error));
      return answer;
    };
    const remotes = ['796abedb-ca4e-4f18-8803-1fde5b921f9f', '7d4a1a5c-0d3b-4a9f-9d5e-2f1b7c8e6a10'].map((name) => ({ name, device: 1 }));
    for (const [n, { name }] of remotes.entries()) await ask('new_party', { party: `p${n}`, name, device: 1 });
    const { bundle } = await ask('bundle', { party: 'p1' });
    await ask('process_bundle', { party: 'p0', remote: remotes[1], bundle });
    rates[name] = 1e6 / (await time(async (from) => {
      const { type, message } = await ask('encrypt', { party: `p${from}`, remote: remotes[1 - from], plaintext: hex(TEXT) });
      await ask('decrypt', { party: `p${1 - from}`, remote: remotes[from], type, message });
    }));
  }
  for (const [name, rate] of Object.entries(rates)) say(`${name.padEnd(32)} ${Math.round(rate)} messages a second`);
}

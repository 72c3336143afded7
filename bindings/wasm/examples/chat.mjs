// SPDX-License-Identifier: MIT OR Apache-2.0
import { Account, Address, Store } from 'subrosa';

const now = Date.now(), text = new TextEncoder().encode('hello');
const alices = new Store(), bobs = new Store(); // In memory: README.md has a database.
const alice = Account.generate(new Address('alice', 1)).commitTo(alices);
const bob = Account.generate(new Address('bob', 1)).commitTo(bobs);
const upload = bob.maintain(0, 0, now).commitTo(bobs); // To the service, which hands out bundles.
const withBob = alice.newSession(bob.address);
withBob.initiate(alice, upload.nextBundle(), now).commitTo(alices);
const message = withBob.encrypt(text, now).commitTo(alices);
const withAlice = bob.newSession(alice.address);
const read = bob.receive(withAlice, message.kind, message.bytes).commitTo(bobs);
console.log(`Bob reads "${new TextDecoder().decode(read)}".`);

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The package as it is installed: what it offers, what misuse gives. Run by `ci/node.sh` with node --test.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as S from 'subrosa';

const NOW = 1_700_000_000_000, ALICE = '796abedb-ca4e-4f18-8803-1fde5b921f9f', BOB = '7d4a1a5c-0d3b-4a9f-9d5e-2f1b7c8e6a10';
const text = (string) => new TextEncoder().encode(string), string = (bytes) => new TextDecoder().decode(bytes);
const throws = (code, call) => assert.throws(call, (error) => error instanceof Error && error.name === 'SubrosaError' && error.code === code);

class Device {
  constructor(name, number = 1) {
    this.store = new S.Store();
    this.account = S.Account.generate(new S.Address(name, number), { batch: 4, low: 1 }).commitTo(this.store);
    this.upload = this.account.maintain(0, 0, NOW).commitTo(this.store);
    this.account.confirmUploaded(this.upload, NOW).commitTo(this.store);
  }
  begin(other) {
    const session = this.account.newSession(other.account.address);
    session.initiate(this.account, other.upload.nextBundle(), NOW).commitTo(this.store);
    return session;
  }
}

const pair = () => {
  const alice = new Device(ALICE), bob = new Device(BOB);
  const session = alice.begin(bob), back = bob.account.newSession(alice.account.address);
  const send = (what) => session.encrypt(text(what), NOW).commitTo(alice.store);
  const read = (message) => string(bob.account.receive(back, message.kind, message.bytes).commitTo(bob.store));
  return { alice, bob, session, back, send, read };
};

test('CommonJS and ES modules give the same module', () => {
  assert.equal(createRequire(import.meta.url)('subrosa').Account, S.Account);
});

test('a conversation, out of order, restarted from rows', () => {
  const { alice, bob, send, read, back } = pair();
  const sent = Array.from({ length: 20 }, (_, n) => send(String(n)));
  for (let n = 19; n > 0; n -= 2) assert.equal(read(sent[n]), String(n));
  throws('Duplicate', () => bob.account.receive(back, sent[19].kind, sent[19].bytes));
  const rows = bob.store.rows().map((row) => structuredClone(row));
  const store = S.Store.ofRows(rows), account = store.account(bob.account.address);
  const session = store.session(account, alice.account.address);
  assert.equal(string(account.receive(session, sent[0].kind, sent[0].bytes).commitTo(store)), '0');
  assert.deepEqual(store.identity(ALICE), alice.account.identityKey);
});

test('a stage: what is written, what is given, and twice', () => {
  const { bob, back, send, session, alice } = pair();
  const message = send('x'), stage = bob.account.receive(back, message.kind, message.bytes);
  throws('Busy', () => bob.account.receive(back, message.kind, message.bytes));
  const writes = stage.writes();
  assert.ok(writes.some((write) => write.generation === 1) && writes.every((write) => write.key instanceof Uint8Array));
  assert.ok(writes.some((write) => write.record === undefined), 'the one-time prekeys are deleted');
  assert.equal(string(stage.outputForTheSameTransaction()), 'x');
  assert.equal(string(stage.commit()), 'x');
  throws('Closed', () => stage.commit());
  throws('Closed', () => stage.writes());
  stage.rollBack();
  const open = session.encrypt(text('y'), NOW);
  open.free(); // Rolled back: the session goes on.
  assert.throws(() => open.commit());
  session.encrypt(text('y'), NOW).commit();
  throws('StaleStage', () => session.encrypt(text('z'), NOW).commitTo(alice.store));
});

test('misuse throws', () => {
  const { session, alice } = pair();
  throws('InvalidArgument', () => session.encrypt(text('x'), NOW, text('short')));
  throws('InvalidArgument', () => session.encrypt(text('x'), Number.NaN));
  throws('InvalidArgument', () => session.encrypt(text('x'), -1));
  throws('UntrustedIdentity', () => session.encrypt(text('x'), NOW, alice.account.identityKey));
  throws('NotARecord', () => S.Bundle.fromBytes(text('no bundle')));
  throws('InvalidArgument', () => S.Bundle.fromParts({ registrationId: 1 }));
  throws('InvalidArgument', () => S.Account.generate(new S.Address('x', 1), { batch: 1.5 }));
  throws('Limits', () => S.Account.generate(new S.Address('x', 1), { batch: 0 }));
  throws('NoOutput', () => S.Account.generate(new S.Address('x', 1)).outputForTheSameTransaction());
  throws('UnknownKind', () => alice.account.receive(session, 9, text('x')));
  for (const bytes of ['text', [1, 2], new ArrayBuffer(2), new Uint16Array(2), undefined]) {
    assert.throws(() => session.encrypt(bytes, NOW), TypeError);
    assert.throws(() => new S.Fingerprint(2, bytes, alice.account.identityKey, text('b'), alice.account.identityKey), TypeError);
  }
  session.encrypt(Buffer.from('bytes'), NOW).rollBack();
  session.free();
  assert.throws(() => session.version);
  assert.ok(S.errorCodes().includes('UntrustedIdentity'));
});

test('no secret is in text', () => {
  const { alice } = pair();
  for (const shown of [alice.account, alice.store, S.RecordKey.generate(), S.KeyPair.generate()]) {
    assert.equal(String(shown), '[object Object]');
    assert.match(JSON.stringify(shown), /^\{("__wbg_ptr":\d+)?\}$/);
  }
});

test('sealed sender and a group', () => {
  const { alice, bob, session, back } = pair();
  const root = S.KeyPair.generate(), service = S.KeyPair.generate();
  const server = S.issueServerCertificate(1, service.publicKey, root.privateKey());
  const claims = new S.SenderClaims(alice.account.address, alice.account.identityKey, NOW + 1000);
  const certificate = claims.issue(server, service.privateKey()), trust = new S.CertificateTrust([root.publicKey], true);
  assert.equal(S.SenderClaims.read(certificate).address.name, ALICE);
  throws('ForeignCertificate', () => new S.SealedSender(bob.account, certificate));
  const sender = new S.SealedSender(alice.account, certificate, 1, text('group'));
  const envelope = sender.encrypt(session, text('hush'), NOW).commitTo(alice.store);
  const content = bob.account.openSealed(envelope, trust, NOW);
  assert.deepEqual([content.sender.name, content.kind, content.hint, string(content.groupId)], [ALICE, 3, 1, 'group']);
  assert.equal(string(bob.account.receiveSealed(back, content).commitTo(bob.store)), 'hush');
  throws('Expired', () => bob.account.openSealed(envelope, trust, NOW + 2000));
  const key = S.SenderKey.generate(S.generateDistributionId()), distribution = key.distribution();
  const keys = new S.ReceiverKeys(alice.account.address, S.distributionIdOf(distribution));
  keys.process(distribution, back.remoteIdentity).commitTo(bob.store);
  const devices = new S.Devices();
  devices.add(session);
  const sealed = sender.sealForMany(key.encrypt(text('all')).commitTo(alice.store), devices);
  assert.deepEqual(sealed.leftOut, []);
  const [recipient] = S.splitForMany(sealed.upload);
  assert.deepEqual([recipient.serviceId, [...recipient.devices]], [BOB, [1]]);
  assert.equal(string(keys.decryptSealed(bob.account.openSealed(recipient.envelope, trust, NOW)).commitTo(bob.store)), 'all');
});

test('an envelope that came too late is asked for again, a member is left out, a chain is moved on', () => {
  const { alice, bob, session } = pair(), carol = new Device('0f5f6b1e-5a39-4f0c-8a27-1c2d3e4f5a6b');
  const root = S.KeyPair.generate(), service = S.KeyPair.generate(), identity = alice.account.identityKey;
  const server = S.issueServerCertificate(1, service.publicKey, root.privateKey());
  const claims = new S.SenderClaims(alice.account.address, identity, NOW + 1);
  assert.deepEqual(claims.identityKey, identity);
  const sender = new S.SealedSender(alice.account, claims.issue(server, service.privateKey()), 1);
  const envelope = sender.encrypt(session, text('late'), NOW).commitTo(alice.store);
  const trust = new S.CertificateTrust([root.publicKey], false);
  let failure;
  assert.throws(() => bob.account.openSealed(envelope, trust, NOW + 2), (error) => { failure = error.failure; return error.code === 'Expired'; });
  const unverified = bob.account.openUnverified(envelope);
  assert.equal(unverified.claimedSender.name, ALICE);
  assert.equal(unverified.advice(failure, NOW + 2).ask, undefined);
  assert.equal(unverified.advice(failure, NOW + 2, identity).ask.message().kind, 8);

  const key = S.SenderKey.generate(S.generateDistributionId()), devices = new S.Devices();
  devices.add(session);
  const message = key.encrypt(text('all')).commitTo(alice.store);
  const sealed = sender.sealForMany(message, devices, [carol.account.address.name]);
  assert.deepEqual(S.splitForMany(sealed.upload).map((one) => one.serviceId), [BOB]);
  throws('NotAServiceId', () => sender.sealForMany(message, devices, ['carol']));
  const [one] = devices.encrypt(text('x'), NOW).commitTo(alice.store);
  assert.ok(sender.seal(one.message, one.identityKey).length > one.bytes.length);
  const keys = new S.ReceiverKeys(alice.account.address, S.distributionIdOf(key.distribution()));
  keys.process(key.distribution(), identity).commitTo(bob.store);
  const late = key.encrypt(text('late')).commitTo(alice.store);
  keys.fastForward(key.distribution(), identity).commitTo(bob.store);
  throws('BeforeDistribution', () => keys.decrypt(late.bytes));
});

test('a device moves to another address, in one transaction', () => {
  const { alice: one, session: bound } = pair();
  throws('Bound', () => bound.moveTo(one.account, one.account.newSession(new S.Address(ALICE, 3))));
  const alice = new Device('4915112345678'), bob = new Device('4915187654321'), session = alice.begin(bob);
  const back = bob.account.newSession(alice.account.address), to = new S.Address(ALICE, 1);
  const read = (at, message) => string(bob.account.receive(at, message.kind, message.bytes).commitTo(bob.store));
  assert.equal(read(back, session.encrypt(text('1'), NOW).commitTo(alice.store)), '1');
  const there = bob.account.newSession(to), keys = new S.ReceiverKeys(alice.account.address);
  let stages = [back.moveTo(bob.account, there), keys.moveTo(new S.ReceiverKeys(to))];
  throws('Busy', () => back.encrypt(text('x'), NOW));
  bob.store.apply(stages.flatMap((stage) => stage.writes()));
  for (const stage of stages) stage.commit();
  assert.deepEqual(bob.store.peers().map(String), [`${ALICE}.1`]);
  const moved = S.Session.empty(to, bob.account.address);
  stages = [alice.account.moveTo(to), session.moveTo(alice.account, moved)];
  alice.store.apply(stages.flatMap((stage) => stage.writes()));
  for (const stage of stages) stage.commit();
  assert.equal(alice.account.address.name, ALICE);
  assert.equal(read(there, moved.encrypt(text('2'), NOW).commitTo(alice.store)), '2');
});

test('limits, rows in bytes, an attachment as a whole', () => {
  const { alice, bob, send, session } = pair(), message = send('x'.repeat(9000));
  const account = bob.store.account(bob.account.address, { messageLen: 9000 });
  throws('TooLong', () => account.receive(account.newSession(alice.account.address), message.kind, message.bytes));
  const store = S.Store.fromBytes(bob.store.toBytes()), again = new S.Store();
  for (const row of store.rows()) again.putRow(row);
  assert.equal(again.rows().length, bob.store.rows().length);
  assert.ok(session.encrypt(text('y'), NOW).writesBytes().length > 100);
  assert.equal(bob.upload.backupToken.length, 36);
  const log = new S.RepairLog(alice.account.address);
  assert.deepEqual(S.RepairLog.fromRecord(log.record(), alice.account.address).record(), log.record());
  const attachment = S.encryptAttachment(text('12345'));
  assert.equal(string(S.decryptAttachment(attachment.key, attachment.blob, attachment.manifest)), '12345');
});

test('a hundred devices in one crossing, and their corrections', () => {
  const alice = new Device(ALICE), devices = new S.Devices();
  for (let number = 1; number <= 100; number++) devices.add(alice.begin(new Device(BOB, number)));
  const messages = devices.encrypt(text('hello'), NOW).commitTo(alice.store);
  assert.equal(messages.length, 100);
  assert.equal(devices.failures.length, 0);
  const delivery = new S.Delivery(alice.account.address);
  delivery.add(BOB, [1, 2, 3]);
  const correction = delivery.answered(BOB, S.Answer.stale([2]));
  devices.archive(correction).commitTo(alice.store);
  assert.deepEqual([...devices.encrypt(text('x'), NOW).commitTo(alice.store)].length, 99);
  assert.equal(devices.failures[0].error.code, 'NoSession');
  assert.ok(delivery.answered(BOB, S.Answer.accepted()).begin.length === 0 && delivery.isDone);
});

test('fingerprints, attachments, record keys, repair', () => {
  const { alice, bob, session, send } = pair();
  const ids = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)], keys = [alice, bob].map((one) => one.account.identityKey);
  const ours = new S.Fingerprint(2, ids[0], keys[0], ids[1], keys[1], 2), theirs = new S.Fingerprint(2, ids[1], keys[1], ids[0], keys[0], 2);
  assert.equal(ours.digits, theirs.digits);
  ours.compare(theirs.scannable);
  throws('Mismatch', () => ours.compare(ours.scannable));
  const data = new Uint8Array(100_000).fill(7), encryptor = new S.AttachmentEncryptor(data.length);
  const blob = Buffer.concat([encryptor.update(data), encryptor.finish()]);
  const decryptor = new S.AttachmentDecryptor(encryptor.key(), encryptor.manifest);
  assert.deepEqual(Buffer.concat([decryptor.update(blob.subarray(0, 50_000)), decryptor.update(blob.subarray(50_000)), decryptor.finish()]), Buffer.from(data));
  blob[99] ^= 1;
  throws('Mismatch', () => S.decryptAttachment(encryptor.key(), blob, encryptor.manifest));
  const key = S.RecordKey.generate(), [row] = bob.store.rows();
  assert.deepEqual(key.open(row.key, key.seal(row.key, row.record)), row.record);
  const lost = send('lost'), advice = S.Advice.about(S.Failure.Undecryptable, lost.kind, lost.bytes, NOW, 1);
  const log = bob.store.repairLog(alice.account.address);
  const request = log.ask(advice.ask, NOW).commitTo(bob.store);
  const resend = alice.store.repairLog(bob.account.address).answer(session, request.bytes, NOW).commitTo(alice.store);
  assert.deepEqual([request.kind, resend.timestamp], [8, NOW]);
});

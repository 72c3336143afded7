# SPDX-License-Identifier: MIT OR Apache-2.0
"""The Python face: what it offers, and what misuse gives. Run by ci/python.sh."""

import gc
import sqlite3
import threading
import unittest

from subrosa import *  # noqa: F403

NOW = 1_700_000_000_000
ALICE = "796abedb-ca4e-4f18-8803-1fde5b921f9f"
BOB = "7d4a1a5c-0d3b-4a9f-9d5e-2f1b7c8e6a10"
FEW = AccountOptions(batch=4, low=1)


class Device:
    def __init__(self, name, number=1):
        self.store = Store()
        self.account = generate_account(Address(name=name, device=number), FEW).commit_to(self.store)
        self.upload = self.account.maintain(0, 0, NOW).commit_to(self.store)
        self.account.confirm_uploaded(self.upload, NOW).commit_to(self.store)

    def begin(self, other):
        session = self.account.new_session(other.account.address())
        session.initiate(self.account, other.upload.next_bundle(), NOW).commit_to(self.store)
        return session

    def read(self, session, message):
        return self.account.receive(session, message.kind(), message.bytes()).commit_to(self.store)


class Conversation(unittest.TestCase):
    def setUp(self):
        self.alice, self.bob = Device(ALICE), Device(BOB)
        self.session = self.alice.begin(self.bob)
        self.back = self.bob.account.new_session(self.alice.account.address())

    def send(self, text):
        return self.session.encrypt(text, NOW).commit_to(self.alice.store)

    def test_out_of_order_with_loss_and_restarts(self):
        sent = [self.send(b"%d" % n) for n in range(30)]
        for n in [*range(29, 0, -3)]:
            self.assertEqual(self.bob.read(self.back, sent[n]), b"%d" % n)
        store = Store.of_rows([Row(row.key(), row.record(), row.generation()) for row in self.bob.store.rows()])
        account = store.account(self.bob.account.address(), FEW)
        session = store.session(account, self.alice.account.address())
        text = account.receive(session, sent[0].kind(), sent[0].bytes()).commit_to(store)
        self.assertEqual(text, b"0")
        self.assertEqual(store.identity(ALICE), self.alice.account.identity_key())
        with self.assertRaises(SubrosaError.Duplicate) as raised:
            account.receive(session, sent[0].kind(), sent[0].bytes())
        self.assertEqual(raised.exception.failure, Failure.DUPLICATE)

    def test_in_a_database(self):
        db = sqlite3.connect(":memory:")
        db.execute("CREATE TABLE rows (key BLOB PRIMARY KEY, generation INTEGER, record BLOB)")
        stage = self.bob.account.receive(self.back, self.send(b"x").kind(), self.send(b"y").bytes())
        with db:
            for write in stage.writes():
                if write.record() is None:
                    db.execute("DELETE FROM rows WHERE key = ?", (write.key(),))
                else:
                    db.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", (write.key(), write.generation(), write.record()))
            self.assertEqual(stage.output_for_the_same_transaction(), b"y")
        self.assertEqual(stage.commit(), b"y")
        self.assertGreater(db.execute("SELECT count(*) FROM rows").fetchone()[0], 1)

    def test_misuse(self):
        stage = self.session.encrypt(b"x", NOW)
        with self.assertRaises(SubrosaError.Busy):
            self.session.encrypt(b"y", NOW)
        stage.roll_back()
        for use in (stage.commit, stage.writes, stage.output_for_the_same_transaction):
            with self.assertRaises(SubrosaError.Closed):
                use()
        self.assertFalse(stage.is_open())
        self.session.encrypt(b"x", NOW).commit()
        with self.assertRaises(SubrosaError.StaleStage):  # The store is one behind.
            self.session.encrypt(b"x", NOW).commit_to(self.alice.store)
        gc.collect()
        with self.assertRaises(SubrosaError.InvalidArgument):
            self.session.encrypt(b"x", NOW, b"short")
        with self.assertRaises(SubrosaError.UntrustedIdentity):
            self.session.encrypt(b"x", NOW, self.alice.account.identity_key())
        with self.assertRaises(SubrosaError.NoOutput):
            generate_account(Address(name="x", device=1)).output_for_the_same_transaction()
        with self.assertRaises(SubrosaError.NotARecord):
            Bundle.from_bytes(b"no bundle")
        with self.assertRaises(ValueError):
            self.session.encrypt(b"x", -1)

    def test_no_secret_is_shown(self):
        for row in self.bob.store.rows():
            self.assertNotIn(repr(row.record())[2:20], repr(row) + str(row))
        for shown in (self.bob.account, self.session, RecordKey.generate(), KeyPair.generate(), self.bob.store):
            self.assertLess(len(repr(shown)), 120)

    def test_a_stage_outlives_its_states(self):
        stage = self.session.encrypt(b"x", NOW)
        self.session = None
        gc.collect()
        self.assertEqual(stage.commit().kind(), 3)

    def test_threads(self):
        outcomes = []

        def work():
            for _ in range(20):
                try:
                    self.session.encrypt(b"x", NOW).commit()
                    outcomes.append("sent")
                except SubrosaError.Busy:
                    outcomes.append("busy")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(outcomes), 80)
        self.assertEqual(self.session.generation(), 1 + outcomes.count("sent"))

    def test_sealed_sender_and_a_group(self):
        root, service = KeyPair.generate(), KeyPair.generate()
        server = issue_server_certificate(1, service.public_key(), root.private_key())
        claims = SenderClaims(address=self.alice.account.address(), e164=None,
                              identity_key=self.alice.account.identity_key(), expires_ms=NOW + 1000)
        certificate = issue_sender_certificate(claims, server, service.private_key())
        trust = CertificateTrust([root.public_key()], True)
        with self.assertRaises(SubrosaError.ForeignCertificate):
            SealedSender(self.bob.account, certificate)
        sender = SealedSender(self.alice.account, certificate)
        envelope = sender.encrypt(self.session, b"hush", NOW).commit_to(self.alice.store)
        content = self.bob.account.open_sealed(envelope, trust, NOW)
        self.assertEqual((content.sender().name, content.kind()), (ALICE, 3))
        self.assertEqual(self.bob.account.receive_sealed(self.back, content).commit_to(self.bob.store), b"hush")
        with self.assertRaises(SubrosaError.Expired):
            self.bob.account.open_sealed(envelope, trust, NOW + 2000)
        key = SenderKey.generate(generate_distribution_id())
        distribution = key.distribution()
        keys = ReceiverKeys(self.alice.account.address(), distribution_id_of(distribution))
        keys.process(distribution, self.back.remote_identity()).commit_to(self.bob.store)
        message = key.encrypt(b"all").commit_to(self.alice.store)
        sealed = sender.seal_for_many(message, [self.session], [])
        self.assertEqual(sealed.left_out, [])
        [recipient] = split_for_many(sealed.upload)
        self.assertEqual((recipient.service_id, recipient.devices), (BOB, [1]))
        content = self.bob.account.open_sealed(recipient.envelope, trust, NOW)
        self.assertEqual(keys.decrypt_sealed(content).commit_to(self.bob.store), b"all")

    def certified(self, device, expires):
        """A sealed sender, and the trust under which it is one."""
        root, service = KeyPair.generate(), KeyPair.generate()
        server = issue_server_certificate(1, service.public_key(), root.private_key())
        claims = SenderClaims(address=device.account.address(), e164=None,
                              identity_key=device.account.identity_key(), expires_ms=expires)
        certificate = issue_sender_certificate(claims, server, service.private_key())
        return SealedSender(device.account, certificate, 1), CertificateTrust([root.public_key()], False)

    def test_an_envelope_that_came_too_late(self):
        sender, trust = self.certified(self.alice, NOW + 1)
        envelope = sender.encrypt(self.session, b"late", NOW).commit_to(self.alice.store)
        with self.assertRaises(SubrosaError.Expired) as raised:
            self.bob.account.open_sealed(envelope, trust, NOW + 2)
        unverified, failure = self.bob.account.open_unverified(envelope), raised.exception.failure
        self.assertEqual(unverified.claimed_sender(), self.alice.account.address())
        self.assertIsNone(unverified.advice(failure, NOW + 2).ask)
        advice = unverified.advice(failure, NOW + 2, self.alice.account.identity_key())
        self.assertEqual(advice.ask.message().kind(), 8)

    def test_a_member_is_left_out_and_a_chain_is_moved_on(self):
        carol = Device("0f5f6b1e-5a39-4f0c-8a27-1c2d3e4f5a6b")
        self.alice.begin(carol)
        sender, _ = self.certified(self.alice, NOW + 1)
        key, identity = SenderKey.generate(generate_distribution_id()), self.alice.account.identity_key()
        message = key.encrypt(b"all").commit_to(self.alice.store)
        sealed = sender.seal_for_many(message, [self.session], [carol.account.address().name])
        self.assertEqual([one.service_id for one in split_for_many(sealed.upload)], [BOB])
        with self.assertRaises(SubrosaError.NotAServiceId):
            sender.seal_for_many(message, [self.session], ["carol"])
        keys = ReceiverKeys(self.alice.account.address(), distribution_id_of(key.distribution()))
        self.assertEqual(keys.sender(), self.alice.account.address())
        early = key.encrypt(b"early").commit_to(self.alice.store)
        keys.process(key.distribution(), identity).commit_to(self.bob.store)
        late = key.encrypt(b"late").commit_to(self.alice.store)
        key.encrypt(b"later").commit_to(self.alice.store)
        keys.fast_forward(key.distribution(), identity).commit_to(self.bob.store)
        for gone in (early, late):
            with self.assertRaises(SubrosaError):
                keys.decrypt(gone.bytes())

    def test_a_device_moves_to_another_address(self):
        with self.assertRaises(SubrosaError.Bound):  # Messages of version 4 between service ids carry both.
            self.session.move_to(self.alice.account, self.alice.account.new_session(Address(name=ALICE, device=3)))
        alice, bob = Device("4915112345678"), Device("4915187654321")
        session, back = alice.begin(bob), bob.account.new_session(alice.account.address())
        self.assertEqual(bob.read(back, session.encrypt(b"1", NOW).commit_to(alice.store)), b"1")
        new, keys = Address(name=ALICE, device=1), ReceiverKeys(alice.account.address(), None)
        to, keys_to = bob.account.new_session(new), ReceiverKeys(new, None)
        stages = [back.move_to(bob.account, to), keys.move_to(keys_to)]
        with self.assertRaises(SubrosaError.Busy):
            back.encrypt(b"x", NOW)
        bob.store.apply([write for stage in stages for write in stage.writes()])
        for stage in stages:
            stage.commit()
        self.assertEqual(bob.store.peers(), [new])
        moved = Session.empty(new, bob.account.address())
        stages = [alice.account.move_to(new), session.move_to(alice.account, moved)]
        alice.store.apply([write for stage in stages for write in stage.writes()])
        for stage in stages:
            stage.commit()
        self.assertEqual(alice.account.address(), new)
        self.assertEqual(bob.read(to, moved.encrypt(b"2", NOW).commit_to(alice.store)), b"2")

    def test_limits_rows_and_uploads(self):
        message = self.send(b"x" * 9000)
        few = AccountOptions(batch=4, low=1, message_len=9000)
        account = self.bob.store.account(self.bob.account.address(), few)
        with self.assertRaises(SubrosaError.TooLong):
            account.receive(account.new_session(self.alice.account.address()), message.kind(), message.bytes())
        store = Store.from_bytes(self.bob.store.to_bytes())
        again = Store()
        for row in store.rows():
            again.put_row(row)
        self.assertEqual(len(again.rows()), len(self.bob.store.rows()))
        stage = self.session.encrypt(b"y", NOW)
        self.assertIn(stage.writes()[0].record(), stage.writes_bytes())
        self.assertEqual(len(self.bob.upload.backup_token()), 36)
        log = RepairLog(self.alice.account.address())
        self.assertEqual(RepairLog.from_record(log.record(), self.alice.account.address()).record(), log.record())
        attachment = encrypt_attachment(b"12345")
        self.assertEqual(decrypt_attachment(attachment.key(), attachment.blob(), attachment.manifest()), b"12345")

    def test_omemo(self):
        for version in (OmemoVersion.LEGACY, OmemoVersion.TWO):
            store, alice = Store(), OmemoAccount.generate(version, 11)
            bob = OmemoAccount.generate(version, 22)
            self.assertIsNone(bob.bundle())
            bob.renew(True).commit_to(store)
            with_bob = OmemoSession(version, Address(name="bob@example.org", device=22))
            with self.assertRaises(SubrosaError.UntrustedIdentity):
                with_bob.begin(alice, bob.bundle(), alice.identity_key())
            with_bob.begin(alice, bob.bundle(), bob.identity_key()).commit()
            sealed = omemo_seal(version, b"hello")
            result = omemo_encrypt_each([with_bob], sealed.key_material())
            [message] = result.stage.commit()
            self.assertEqual((result.failures, message.address.device, message.key_exchange), ([], 22, True))
            back = store.omemo_session(version, Address(name="alice@example.org", device=11))
            received = back.receive(bob, message.key_exchange, message.bytes).commit_to(store)
            self.assertTrue(received.began() and received.answer_due())
            self.assertEqual(omemo_open(version, sealed.payload(), sealed.iv(), received.key_material()), b"hello")
            with self.assertRaises(SubrosaError.Duplicate):
                back.receive(bob, message.key_exchange, message.bytes)
            again = store.omemo_session(version, Address(name="alice@example.org", device=11))
            [answer] = omemo_encrypt_each([again], omemo_empty(version).key_material()).stage.commit_to(store)
            with_bob.receive(alice, answer.key_exchange, answer.bytes).commit()
            self.assertEqual(len(store.omemo_account(version).pre_key_ids()), 99)
            self.assertEqual(len(omemo_fingerprint(version, alice.identity_key())), 71)
            with self.assertRaises(SubrosaError.Forged):
                omemo_open(version, sealed.payload()[:-1] + b"\0", sealed.iv(), received.key_material()[:-1] + b"\0")
        signature = alice.sign_label("my phone")
        self.assertTrue(omemo_verify_label(alice.identity_key(), "my phone", signature))
        self.assertEqual(OmemoAccount.from_seed(OmemoVersion.LEGACY, 11, alice.seed()).device(), 11)

    def test_fingerprints_attachments_and_record_keys(self):
        ours = Party(identifier=b"1" * 16, identity_key=self.alice.account.identity_key())
        theirs = Party(identifier=b"2" * 16, identity_key=self.bob.account.identity_key())
        at_alice, at_bob = Fingerprint(2, ours, theirs, 2), Fingerprint(2, theirs, ours, 2)
        self.assertEqual(at_alice.digits(), at_bob.digits())
        at_alice.compare(at_bob.scannable())
        with self.assertRaises(SubrosaError.Mismatch):
            at_alice.compare(at_alice.scannable())
        encryptor, data = AttachmentEncryptor(100_000), b"\x07" * 100_000
        blob = encryptor.update(data)
        end = encryptor.finish()
        self.assertEqual(decrypt_attachment(encryptor.key(), blob + end.rest, end.manifest), data)
        with self.assertRaises(SubrosaError.Closed):
            encryptor.finish()
        key, row = RecordKey.generate(), self.bob.store.rows()[0]
        self.assertEqual(key.open(row.key(), key.seal(row.key(), row.record())), row.record())

    def test_delivery_and_repair(self):
        second = Device(BOB, 2)
        sessions = [self.session, self.alice.begin(second)]
        result = encrypt_each([DeviceText(session=session, text=b"x") for session in sessions], NOW)
        self.assertEqual((result.failures, len(result.stage.commit_to(self.alice.store))), ([], 2))
        delivery = Delivery(self.alice.account)
        delivery.add(BOB, [1])
        correction = delivery.answered(BOB, Answer.MISMATCHED(missing=[2], extra=[]))
        self.assertEqual([address.device for address in correction.begin()], [2])
        correction = delivery.answered(BOB, Answer.STALE(devices=[1]))
        correction.archive_sessions(sessions).commit_to(self.alice.store)
        self.assertFalse(self.session.is_usable(NOW))
        delivery.answered(BOB, Answer.ACCEPTED())
        self.assertTrue(delivery.is_done())
        advice = advice_about(Failure.DUPLICATE, 2, b"", NOW, 1)
        self.assertEqual((advice.show, advice.ask), (Show.NEVER, None))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT OR Apache-2.0
"""Live conversations with the OMEMO library's legacy sessions, which are of version 3. 1,000 messages each way, with loss,
reorder and restarts from stored rows. `python live_omemo.py FOLDER`, where FOLDER has peer.py (shared/interop/omemo); its
requirements must be installed. The library is MIT, and a tool of this test."""

import json
import os
import random
import subprocess
import sys

import subrosa
from subrosa import Account, AccountOptions, Address, Bundle, BundleParts, PublicPreKey, Row, Store, SubrosaError, generate_account

NOW = 1_700_000_000_000
TOTAL = 1000
OPTIONS = AccountOptions(batch=3, low=1, kem_pre_keys=False, allow_version_3=True)


class Peer:
    def __init__(self, folder):
        program = [sys.executable, os.path.join(folder, "peer.py"), "--version", "legacy"]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, op, **fields):
        self.process.stdin.write(json.dumps({"op": op, **fields}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if not answer["ok"]:
            raise RuntimeError(f"{op}: {answer['error']}")
        return answer


class Ours:
    def __init__(self):
        self.store = Store()
        self.address, self.remote = Address(name="alice@example.org", device=1001), Address(name="bob@example.org", device=1002)
        self.account = generate_account(self.address, OPTIONS).commit_to(self.store)
        self.upload = self.account.maintain(0, 0, NOW).commit_to(self.store)
        self.session = self.account.new_session(self.remote)

    def restart(self):
        self.store = Store.of_rows([Row(row.key(), row.record(), row.generation()) for row in self.store.rows()])
        self.account = self.store.account(self.address, OPTIONS)
        self.session = self.store.session(self.account, self.remote)

    def encrypt(self, text):
        message = self.session.encrypt(text, NOW, self.store.identity(self.remote.name)).commit_to(self.store)
        return {"type": message.kind(), "message": message.bytes().hex()}

    def decrypt(self, letter):
        pinned = self.store.identity(self.remote.name)
        return self.account.receive(self.session, letter["type"], bytes.fromhex(letter["message"]), pinned).commit_to(self.store)


def their_bundle(bundle):
    key = bundle["pre_keys"][0]
    return Bundle.from_parts(BundleParts(
        registration_id=0, device=bundle["device_id"], identity_key=bytes.fromhex(bundle["identity_key"]),
        signed_pre_key=PublicPreKey(id=bundle["signed_pre_key_id"], key=bytes.fromhex(bundle["signed_pre_key_public"]),
                                    signature=bytes.fromhex(bundle["signed_pre_key_signature"])),
        one_time_pre_key=PublicPreKey(id=key["id"], key=bytes.fromhex(key["public"]), signature=b""), kem_pre_key=None))


def our_bundle(ours):
    parts = ours.upload.next_bundle().parts()
    one_time = parts.one_time_pre_key
    return {"version": "legacy", "device_id": parts.device, "identity_key": parts.identity_key.hex(),
            "signed_pre_key_id": parts.signed_pre_key.id, "signed_pre_key_public": parts.signed_pre_key.key.hex(),
            "signed_pre_key_signature": parts.signed_pre_key.signature.hex(),
            "pre_keys": [{"id": one_time.id, "public": one_time.key.hex()}]}


def conversation(peer, we_begin):
    draw, ours = random.Random(7), Ours()
    peer("drop_party", party="bob") if we_begin is False else None
    peer("new_party", party="bob", name="bob@example.org", device=1002, version="legacy")
    remote = {"name": ours.address.name, "device": ours.address.device}
    if we_begin:
        bundle = their_bundle(peer("bundle", party="bob")["bundle"])
        ours.session.initiate(ours.account, bundle, NOW).commit_to(ours.store)
    else:
        peer("process_bundle", party="bob", remote=remote, bundle=our_bundle(ours))
    sent, read, lost, restarts, turn = [0, 0], [0, 0], 0, 0, 0 if we_begin else 1
    while min(sent) < TOTAL:
        burst = []
        for _ in range(min(1 + draw.randrange(8), TOTAL - sent[turn])):
            text = f"{turn} {sent[turn]}".encode().ljust(32, b".")
            sent[turn] += 1
            letter = ours.encrypt(text) if turn == 0 else peer("encrypt", party="bob", remote=remote, plaintext=text.hex())
            burst.append((text, letter))
        arriving = [one for one in burst if len(burst) == 1 or draw.randrange(10) > 0]
        lost += len(burst) - len(arriving)
        draw.shuffle(arriving)
        for text, letter in arriving:
            if turn == 0:
                got = peer("decrypt", party="bob", remote=remote, type=letter["type"], message=letter["message"])["plaintext"]
                assert bytes.fromhex(got) == text
            else:
                assert ours.decrypt(letter) == text
            read[turn] += 1
        if turn == 1 and arriving:
            try:
                ours.decrypt(arriving[0][1])
                raise AssertionError("read twice")
            except SubrosaError.Duplicate:
                pass
        if draw.randrange(12) == 0:
            ours.restart()
            restarts += 1
        turn = 1 - turn
    assert ours.session.version() == 3
    print(f"oldmemo, {'we' if we_begin else 'they'} begin: {read[0]} and {read[1]} of {TOTAL} read, {lost} lost, {restarts} restarts")


if __name__ == "__main__":
    live = Peer(sys.argv[1])
    print(live("hello")["libraries"])
    for begin in (True, False):
        conversation(live, begin)
    live.process.stdin.close()

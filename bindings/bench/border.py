# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a message costs in Python: as core/examples/border.rs."""

import time

from subrosa import AccountOptions, Address, generate_account

ROUNDS, NOW, TEXT = 1000, 1_700_000_000_000, b"\x07" * 1024
OPTIONS = AccountOptions(batch=3, low=1)
alice, bob = (generate_account(Address(name=name, device=1), OPTIONS).commit() for name in ("alice", "bob"))
upload = bob.maintain(0, 0, NOW).commit()
to, back = alice.new_session(bob.address()), bob.new_session(alice.address())
to.initiate(alice, upload.next_bundle(), NOW).commit()


def send(sender, account, receiver):
    stage = sender.encrypt(TEXT, NOW)
    stage.writes()
    message = stage.commit()
    stage = account.receive(receiver, message.kind(), message.bytes())
    stage.writes()
    stage.commit()


send(to, bob, back)
started = time.process_time()
for _ in range(ROUNDS):
    send(back, alice, to)
    send(to, bob, back)
print(f"python, UniFFI   {(time.process_time() - started) * 1e6 / (2 * ROUNDS):7.1f} us a message")

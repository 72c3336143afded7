# SPDX-License-Identifier: MIT OR Apache-2.0
import time
from subrosa import Address, Store, generate_account

now = int(time.time() * 1000)
alices, bobs = Store(), Store()  # In memory; see below for a database.
alice = generate_account(Address(name="alice", device=1)).commit_to(alices)
bob = generate_account(Address(name="bob", device=1)).commit_to(bobs)
upload = bob.maintain(0, 0, now).commit_to(bobs)  # To the service, which hands out bundles.
with_bob = alice.new_session(bob.address())
with_bob.initiate(alice, upload.next_bundle(), now).commit_to(alices)
message = with_bob.encrypt(b"hello", now).commit_to(alices)
with_alice = bob.new_session(alice.address())
text = bob.receive(with_alice, message.kind(), message.bytes()).commit_to(bobs)
print(f"Bob reads {text}.")

// SPDX-License-Identifier: MIT OR Apache-2.0
use subrosa::account::{Counts, Limits};
use subrosa::store::Memory;
use subrosa::{Account, Address, Message, Timestamp, Trust, os_rng};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut rng, now, mut alices, mut bobs) = (os_rng(), Timestamp::now(), Memory::new(), Memory::new());
    let new = |name, rng: &mut _| Account::generate(Address::new(name, 1), Limits::default(), rng);
    let alice = new("alice", &mut rng)?.commit_with(|w| alices.apply(w))?;
    let mut bob = new("bob", &mut rng)?.commit_with(|w| bobs.apply(w))?;
    let mut upload = bob.maintain(Counts::default(), now, &mut rng)?.commit_with(|w| bobs.apply(w))?;
    let bundle = upload.next_bundle().ok_or("no prekeys")?.verify(Trust::Anyone)?; // By way of the service.
    let (mut with_bob, mut with_alice) = (alice.new_session(bob.address()), bob.new_session(alice.address()));
    with_bob.initiate(&alice.config(), bundle, now, &mut rng)?.commit_with(|w| alices.apply(w))?;
    let sent = with_bob.encrypt(b"hello", Trust::Anyone, now, &mut rng)?.commit_with(|w| alices.apply(w))?;
    println!("Alice sends {} bytes of kind {:?}.", sent.as_bytes().len(), sent.kind());
    let staged = bob.receive(&mut with_alice, &Message::try_from(&sent)?, Trust::Anyone, &mut rng)?;
    println!("Bob reads {:?}.", str::from_utf8(&staged.commit_with(|w| bobs.apply(w))?)?);
    Ok(())
}

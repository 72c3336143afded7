// SPDX-License-Identifier: MIT OR Apache-2.0

//! The random bytes of a step: exactly the given ones by party, or the system's, which are told.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use serde_json::{Map, Value, json};

/// Where bytes come from that are not given.
pub(crate) type Source = Box<dyn FnMut(&mut [u8])>;

/// The draws of the present step.
#[derive(Default)]
pub(crate) struct Draws {
    /// The draws that were given, by party; none if the system's are to be used.
    given: Option<BTreeMap<String, VecDeque<Vec<u8>>>>,
    /// The draws that were made, by party.
    made: BTreeMap<String, Vec<Vec<u8>>>,
    /// In place of the system.
    pub(crate) source: Option<Source>,
    /// A draw that does not fit the given ones.
    wrong: Option<String>,
}

/// The draws of one party.
pub(crate) struct OfParty<'a> {
    draws: &'a mut Draws,
    party: String,
}

impl Draws {
    /// Begins a step with the draws of its request.
    pub(crate) fn begin(&mut self, given: &Value) -> Result<(), String> {
        *self = Self { source: self.source.take(), ..Self::default() };
        let Some(given) = given.as_object() else { return Ok(()) };
        let mut parties = BTreeMap::new();
        for (party, list) in given {
            let list = list.as_array().ok_or("draws: expected a list for each party")?;
            // A draw is its use and its bytes, or its bytes alone.
            let draw = |draw: &Value| hex::decode(draw[1].as_str().or(draw.as_str())?).ok();
            let list: Option<VecDeque<_>> = list.iter().map(draw).collect();
            parties.insert(party.clone(), list.ok_or("draws: expected [use, hex]")?);
        }
        self.given = Some(parties);
        Ok(())
    }

    /// The generator of a party.
    pub(crate) fn of(&mut self, party: &str) -> OfParty<'_> {
        OfParty { draws: self, party: party.to_owned() }
    }

    /// Ends a step: all given draws were made; the system's are told, by their use.
    pub(crate) fn finish(&mut self, op: &str, out: &mut Map<String, Value>) -> Result<(), String> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        if let Some(given) = &self.given {
            let left: usize = given.values().map(VecDeque::len).sum();
            return if left == 0 { Ok(()) } else { Err(format!("draws: {left} were not drawn")) };
        }
        if !self.made.is_empty() {
            let told = |(party, draws): (&String, &Vec<Vec<u8>>)| {
                let uses = uses(op, party, draws);
                let list = uses.into_iter().zip(draws).map(|(name, draw)| json!([name, hex::encode(draw)]));
                (party.clone(), list.collect::<Value>())
            };
            let told: Map<String, Value> = self.made.iter().map(told).collect();
            out.insert("draws".to_owned(), told.into());
        }
        Ok(())
    }

    fn draw(&mut self, party: &str, target: &mut [u8]) {
        match &mut self.given {
            None => match &mut self.source {
                None => getrandom::fill(target).expect("the system has random bytes"),
                Some(source) => source(target),
            },
            Some(given) => match given.get_mut(party).and_then(VecDeque::pop_front) {
                Some(draw) if draw.len() == target.len() => target.copy_from_slice(&draw),
                draw => {
                    let there = draw.map_or(0, |draw| draw.len());
                    self.wrong = Some(format!("draws: {party} draws {} bytes, given {there}", target.len()));
                }
            },
        }
        self.made.entry(party.to_owned()).or_default().push(target.to_vec());
    }
}

/// The uses of draws, in the words of the vectors.
fn uses(op: &str, party: &str, draws: &[Vec<u8>]) -> Vec<&'static str> {
    let fixed: &[&'static str] = match (op, party) {
        ("issuer", _) => &["issuer"],
        ("make", "issuer") => &["certificate signature"],
        ("make", _) => &["IK", "KIK", "card signature", "SEAL", "seal signature"],
        ("seal", _) => &["SEAL", "seal signature"],
        ("prekey", _) => &["X", "KPK", "prekey signature"],
        ("begin", _) => &["EK_A", "m_K", "m_I", "R_A"],
        ("deliver", _) if draws.len() == 2 => &["m_A", "DHs"],
        ("deliver", _) => &["DHs"],
        ("group_new", _) => &["distribution id", "group CK", "GHK", "GTS", "group signing key"],
        ("group_rotate", _) => &["group CK", "GHK", "GTS", "group signing key"],
        ("group_send", _) => &["R", "group signature"],
        ("moderator", _) => &["moderator", "K_m"],
        ("token", "moderator") => &["token nonce", "token signature"],
        ("token", _) => &["k_t"],
        ("report_part", _) => &["report signature"],
        _ => &[],
    };
    let mut header_drawn = false;
    let message = |(at, draw): (usize, &Vec<u8>)| match draw.len() {
        16 => {
            header_drawn = true;
            "R"
        }
        32 if op == "split" && at == 0 => "B",
        32 => "braid encapsulation",
        64 if header_drawn && op == "send" => "eseed",
        _ => "braid key",
    };
    if fixed.is_empty() { draws.iter().enumerate().map(message).collect() } else { fixed.to_vec() }
}

impl TryRng for OfParty<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        self.draws.draw(&self.party, target);
        Ok(())
    }
}

impl TryCryptoRng for OfParty<'_> {}

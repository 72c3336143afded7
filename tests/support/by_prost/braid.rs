// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored state of the post-quantum ratchet.
//!
//! The differences that are meant, all of them in what libsignal alone writes and no peer sees:
//!
//! * All eleven states are read as messages of one shape, so that one with a field of another state's is read or
//!   refused by that field's type: which fields a state needs is checked by `Spqr::from_stored`.
//! * Coders are kept as bytes, of which the last counts, and read when the state is: a ratchet has at most two.
//! * A decoder's number of lanes and its flag for being complete are passed over: they are always 16 and no.
//! * Messages without which a state, a chain or a link means nothing are written even if they are empty and were
//!   not there.

use prost::{Message, Oneof};
use subrosa::hazmat::wire::protobuf::{Encode, Fields, Merge};
use subrosa::hazmat::wire::stored::{
    StoredBraid, StoredDecoder, StoredEncoder, StoredEpochChain, StoredHalf, StoredLimits, StoredLink,
    StoredNegotiation, StoredState,
};

#[derive(Clone, PartialEq, Message)]
pub struct Ratchet {
    #[prost(message, optional, tag = "1")]
    pub negotiation: Option<Negotiation>,
    #[prost(message, optional, tag = "2")]
    pub chain: Option<Chain>,
    #[prost(message, optional, tag = "3")]
    pub state: Option<State>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Negotiation {
    #[prost(bytes = "vec", tag = "1")]
    pub auth_key: Vec<u8>,
    #[prost(uint32, tag = "2")]
    pub direction: u32,
    #[prost(uint32, tag = "3")]
    pub minimum_version: u32,
    #[prost(message, optional, tag = "4")]
    pub limits: Option<Limits>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Limits {
    #[prost(uint32, tag = "1")]
    pub max_jump: u32,
    #[prost(uint32, tag = "2")]
    pub max_old_keys: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Chain {
    #[prost(uint32, tag = "1")]
    pub direction: u32,
    #[prost(uint64, tag = "2")]
    pub current_epoch: u64,
    #[prost(message, repeated, tag = "3")]
    pub links: Vec<Link>,
    #[prost(bytes = "vec", tag = "4")]
    pub next_root: Vec<u8>,
    #[prost(uint64, tag = "5")]
    pub send_epoch: u64,
    #[prost(message, optional, tag = "6")]
    pub limits: Option<Limits>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Link {
    #[prost(message, optional, tag = "1")]
    pub send: Option<Half>,
    #[prost(message, optional, tag = "2")]
    pub receive: Option<Half>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Half {
    #[prost(uint32, tag = "1")]
    pub counter: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub next: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub previous: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct State {
    #[prost(oneof = "OneOf", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11")]
    pub state: Option<OneOf>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum OneOf {
    #[prost(message, tag = "1")]
    KeysUnsampled(Shape),
    #[prost(message, tag = "2")]
    KeysSampled(Shape),
    #[prost(message, tag = "3")]
    HeaderSent(Shape),
    #[prost(message, tag = "4")]
    Ct1Received(Shape),
    #[prost(message, tag = "5")]
    EkSentCt1Received(Shape),
    #[prost(message, tag = "6")]
    NoHeaderReceived(Shape),
    #[prost(message, tag = "7")]
    HeaderReceived(Shape),
    #[prost(message, tag = "8")]
    Ct1Sampled(Shape),
    #[prost(message, tag = "9")]
    EkReceivedCt1Sampled(Shape),
    #[prost(message, tag = "10")]
    Ct1Acknowledged(Shape),
    #[prost(message, tag = "11")]
    Ct2Sampled(Shape),
}

impl OneOf {
    /// The state of a number.
    pub fn new(number: u32, shape: Shape) -> Option<Self> {
        Some(match number {
            1 => Self::KeysUnsampled(shape),
            2 => Self::KeysSampled(shape),
            3 => Self::HeaderSent(shape),
            4 => Self::Ct1Received(shape),
            5 => Self::EkSentCt1Received(shape),
            6 => Self::NoHeaderReceived(shape),
            7 => Self::HeaderReceived(shape),
            8 => Self::Ct1Sampled(shape),
            9 => Self::EkReceivedCt1Sampled(shape),
            10 => Self::Ct1Acknowledged(shape),
            11 => Self::Ct2Sampled(shape),
            _ => return None,
        })
    }

    fn shape_mut(&mut self) -> &mut Shape {
        match self {
            Self::KeysUnsampled(shape)
            | Self::KeysSampled(shape)
            | Self::HeaderSent(shape)
            | Self::Ct1Received(shape)
            | Self::EkSentCt1Received(shape)
            | Self::NoHeaderReceived(shape)
            | Self::HeaderReceived(shape)
            | Self::Ct1Sampled(shape)
            | Self::EkReceivedCt1Sampled(shape)
            | Self::Ct1Acknowledged(shape)
            | Self::Ct2Sampled(shape) => shape,
        }
    }
}

/// What the states have in common.
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    #[prost(message, optional, tag = "1")]
    pub content: Option<Content>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub first_coder: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub second_coder: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Content {
    #[prost(uint64, tag = "1")]
    pub epoch: u64,
    #[prost(message, optional, tag = "2")]
    pub authenticator: Option<Authenticator>,
    #[prost(bytes = "vec", tag = "3")]
    pub first: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub second: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    pub third: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Authenticator {
    #[prost(bytes = "vec", tag = "1")]
    pub root: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub mac: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Encoder {
    #[prost(uint32, tag = "1")]
    pub counter: u32,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub points: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub coefficients: Vec<Vec<u8>>,
}

/// Without its number of lanes and its flag.
#[derive(Clone, PartialEq, Message)]
pub struct Decoder {
    #[prost(uint32, tag = "1")]
    pub needed: u32,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub points: Vec<Vec<u8>>,
}

/// Our view as prost's message. All fields are named, so that none is forgotten.
fn ratchet(ours: &StoredBraid<'_>) -> Ratchet {
    let StoredBraid { negotiation: begin, chain: epochs, state: current } = ours;
    Ratchet {
        negotiation: begin.as_ref().map(negotiation),
        chain: epochs.as_ref().map(chain),
        state: current.as_ref().map(|ours| State { state: state(ours) }),
    }
}

fn negotiation(ours: &StoredNegotiation<'_>) -> Negotiation {
    let StoredNegotiation { auth_key, direction, minimum_version, limits: bounds } = ours;
    let auth_key = auth_key.to_vec();
    Negotiation {
        auth_key,
        direction: *direction,
        minimum_version: *minimum_version,
        limits: Some(limits(*bounds)),
    }
}

fn limits(ours: StoredLimits) -> Limits {
    let StoredLimits { max_jump, max_old_keys } = ours;
    Limits { max_jump, max_old_keys }
}

fn chain(ours: &StoredEpochChain<'_>) -> Chain {
    let StoredEpochChain { direction, current_epoch, links, next_root, send_epoch, limits: bounds } = ours;
    let link = |StoredLink { send, receive }: &StoredLink<'_>| Link {
        send: Some(half(send)),
        receive: Some(half(receive)),
    };
    Chain {
        direction: *direction,
        current_epoch: *current_epoch,
        links: links.iter().map(link).collect(),
        next_root: next_root.to_vec(),
        send_epoch: *send_epoch,
        limits: Some(limits(*bounds)),
    }
}

fn half(ours: &StoredHalf<'_>) -> Half {
    let StoredHalf { counter, next, previous } = ours;
    Half { counter: *counter, next: next.to_vec(), previous: previous.to_vec() }
}

fn state(ours: &StoredState<'_>) -> Option<OneOf> {
    let StoredState { number, epoch, root, mac, parts, coders } = ours;
    let [first, second, third] = parts.map(<[u8]>::to_vec);
    let [first_coder, second_coder] = coders.map(|coder| coder.map(<[u8]>::to_vec));
    let authenticator = Some(Authenticator { root: root.to_vec(), mac: mac.to_vec() });
    let content = Some(Content { epoch: *epoch, authenticator, first, second, third });
    OneOf::new(*number, Shape { content, first_coder, second_coder })
}

/// Puts in what is always written.
fn complete(mut theirs: Ratchet) -> Ratchet {
    if let Some(negotiation) = &mut theirs.negotiation {
        negotiation.limits.get_or_insert_default();
    }
    if let Some(chain) = &mut theirs.chain {
        chain.limits.get_or_insert_default();
        for link in &mut chain.links {
            link.send.get_or_insert_default();
            link.receive.get_or_insert_default();
        }
    }
    if let Some(state) = theirs.state.as_mut().and_then(|state| state.state.as_mut()) {
        state.shape_mut().content.get_or_insert_default().authenticator.get_or_insert_default();
    }
    theirs
}

pub fn same_ratchet(bytes: &[u8]) {
    let theirs = Ratchet::decode(bytes).ok().map(complete);
    let ours = StoredBraid::parse(bytes).ok();
    assert_eq!(ours.as_ref().map(ratchet), theirs);
    let written = ours.map(|braid| braid.encode().to_vec());
    assert_eq!(written, theirs.map(|ratchet| ratchet.encode_to_vec()));
}

pub fn same_encoder(bytes: &[u8]) {
    let theirs = Encoder::decode(bytes).ok();
    let ours = StoredEncoder::from_fields(Fields::new(bytes)).ok();
    let copies = |lists: &[&[u8]]| lists.iter().map(|list| list.to_vec()).collect();
    let view = ours.as_ref().map(|StoredEncoder { counter, points, coefficients }| Encoder {
        counter: *counter,
        points: copies(points),
        coefficients: copies(coefficients),
    });
    assert_eq!(view, theirs);
    assert_eq!(ours.map(|coder| coder.encode_secret().to_vec()), theirs.map(|coder| coder.encode_to_vec()));
}

pub fn same_decoder(bytes: &[u8]) {
    let theirs = Decoder::decode(bytes).ok();
    let ours = StoredDecoder::from_fields(Fields::new(bytes)).ok();
    let view = ours.as_ref().map(|StoredDecoder { needed, points }| Decoder {
        needed: *needed,
        points: points.iter().map(|list| list.to_vec()).collect(),
    });
    assert_eq!(view, theirs);
    // What is written says that there are 16 lanes, and reads as the same.
    let written = ours.map(|coder| coder.encode_secret().to_vec());
    assert_eq!(written.map(|bytes| Decoder::decode(&bytes[..]).ok()), theirs.map(Some));
}

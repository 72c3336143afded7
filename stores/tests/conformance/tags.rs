// SPDX-License-Identifier: MIT OR Apache-2.0

//! The tags of the rose profile: they change in the transaction of their session, a message is found by its tag however
//! many there are, and a sealed store does not show them.

mod hub;
#[path = "../../../tests/support/rose.rs"]
mod parties;
mod scale;
mod sealing;
mod transactions;

pub use scale::each_tag_of_many_is_found_and_no_other;
pub use sealing::tags_and_who_expects_them_are_sealed;
pub use transactions::{
    a_lost_table_is_rebuilt_from_the_records, an_outdated_stage_changes_no_tag, tags_follow_their_sessions,
};

use crate::rules::Rule;

pub const ALL: &[Rule] = &[
    each_tag_of_many_is_found_and_no_other,
    tags_and_who_expects_them_are_sealed,
    a_lost_table_is_rebuilt_from_the_records,
    an_outdated_stage_changes_no_tag,
    tags_follow_their_sessions,
];

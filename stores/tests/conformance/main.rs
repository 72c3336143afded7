// SPDX-License-Identifier: MIT OR Apache-2.0

//! What every store must do, run on each, and on the crate's `store::Memory`.
//!
//! PostgreSQL and the disks that are full or read-only must be given: `ci/stores.sh` makes them and runs all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod crash;
mod damage;
mod disk;
mod rules;
mod subject;
#[cfg(feature = "rose")]
mod tags;
mod world;

/// The same tests for each store.
macro_rules! conformance {
    ($($(#[$attribute:meta])* $store:ident: $subject:ty),* $(,)?) => {
        $($(#[$attribute])* mod $store {
            use crate::{crash, rules};
            use crate::subject::Subject;
            #[cfg(feature = "rose")]
            use crate::tags;

            conformance!(@tests $subject; rules:
                what_is_stored_is_given_back,
                an_outdated_stage_is_refused_whole,
                two_stages_of_one_state_are_not_stored_together,
                a_crash_before_changes_nothing,
                a_crash_after_loses_nothing,
                two_writers_lose_no_change,
                a_queue_keeps_its_order,
                bulk_is_the_same_as_one_by_one,
                what_is_deleted_is_gone,
                another_key_is_refused,
                contents_are_sealed,
            );
            conformance!(@tests $subject; crash:
                killed_at_any_time_nothing_is_half_stored,
            );
            #[cfg(feature = "rose")]
            conformance!(@tests $subject; tags:
                each_tag_of_many_is_found_and_no_other,
                tags_and_who_expects_them_are_sealed,
                a_lost_table_is_rebuilt_from_the_records,
                an_outdated_stage_changes_no_tag,
                tags_follow_their_sessions,
            );
        })*
    };
    (@tests $subject:ty; $module:ident: $($test:ident),* $(,)?) => {
        $(#[test]
        fn $test() {
            $module::$test(&<$subject>::new());
        })*
    };
}

conformance! {
    memory: crate::subject::InMemory,
    redb: crate::subject::InRedb,
    sqlite: crate::subject::InSqlite,
}

/// Ignored unless a server is given, in `SUBROSA_POSTGRES`: run with `--ignored`, they fail without.
mod postgres {
    use crate::subject::{InPostgres, Subject};
    use crate::{crash, rules};

    #[test]
    #[ignore = "needs a server: ci/stores.sh starts one"]
    fn all_rules() {
        for rule in rules::ALL {
            rule(&InPostgres::new());
        }
    }

    #[cfg(feature = "rose")]
    #[test]
    #[ignore = "needs a server: ci/stores.sh starts one"]
    fn tags_of_the_rose_profile() {
        for rule in crate::tags::ALL {
            rule(&InPostgres::new());
        }
    }

    #[test]
    #[ignore = "needs a server: ci/stores.sh starts one"]
    fn killed_at_any_time_nothing_is_half_stored() {
        crash::killed_at_any_time_nothing_is_half_stored(&InPostgres::new());
    }

    #[test]
    #[ignore = "needs a server: ci/stores.sh starts one"]
    fn a_connection_lost_in_a_transaction_changes_nothing() {
        crash::a_connection_lost_in_a_transaction_changes_nothing(&InPostgres::new());
    }
}

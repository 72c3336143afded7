// SPDX-License-Identifier: MIT OR Apache-2.0

//! How many cases a property is tried with.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;

/// `cases` of a property, or as many as `PROPTEST_CASES` says. Failing ones are kept beside the property's file.
pub fn config(cases: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config.failure_persistence = Some(Box::new(FileFailurePersistence::WithSource("proptest-regressions")));
    config
}

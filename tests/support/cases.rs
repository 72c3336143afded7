// SPDX-License-Identifier: MIT OR Apache-2.0

//! How many cases a property is tried with.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;

/// `cases` of a property, or as many as `PROPTEST_CASES` says. Failing ones are kept in `file`, in `tests`.
pub fn config(cases: u32, file: &'static str) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct(file)));
    config
}

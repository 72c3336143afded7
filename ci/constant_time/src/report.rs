// SPDX-License-Identifier: MIT OR Apache-2.0

//! One operation after the other, and what memcheck said to each.

use std::process::ExitCode;

use crate::memcheck::{declassify, errors, marked};

/// What the operations came to.
#[derive(Default)]
pub struct Report {
    failures: usize,
}

impl Report {
    /// Runs an operation in which no branch and no address may depend on what is marked. It gives bytes that
    /// do depend on it, which shows that something was marked; or none, if all it gives is a verdict.
    pub fn clean(&mut self, name: &str, operation: impl FnOnce() -> Option<Vec<u8>>) {
        let before = errors();
        let output = operation();
        let found = errors() - before;
        let reached = output.is_none_or(|mut bytes| {
            let reached = marked(&bytes).iter().any(|mask| *mask != 0);
            declassify(&mut bytes);
            reached
        });
        self.line(name, found == 0 && reached, &format!("{found} errors"));
        if !reached {
            println!("       the output depends on nothing that was marked");
        }
    }

    /// Runs an operation that does leak: it must be caught.
    pub fn leak(&mut self, name: &str, operation: impl FnOnce()) {
        let before = errors();
        operation();
        let found = errors() - before;
        self.line(name, found > 0, &format!("planted, caught {found} times"));
    }

    fn line(&mut self, name: &str, good: bool, what: &str) {
        println!("{} {name}: {what}", if good { "ok    " } else { "FAILED" });
        self.failures += usize::from(!good);
    }

    /// The verdict.
    pub fn end(self) -> ExitCode {
        println!("{} failures", self.failures);
        if self.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

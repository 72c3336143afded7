// SPDX-License-Identifier: MIT OR Apache-2.0

//! What `cargo metadata` says, as far as it is asked.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

/// Conditions that hold on no platform: only tools that examine the dependencies set them.
const NEVER: &[&str] = &["cfg(hax)", "cfg(valgrind_ct_test)"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<RawPackage>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct RawPackage {
    id: String,
    name: String,
    version: String,
    links: Option<String>,
    rust_version: Option<String>,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<RawDependency>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct RawDependency {
    name: String,
    kind: Option<String>,
    optional: bool,
    uses_default_features: bool,
}

#[derive(Deserialize)]
struct Resolve {
    root: String,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
    target: Option<String>,
}

/// A package of the tree.
pub struct Package {
    id: String,
    pub name: String,
    pub version: String,
    pub links: bool,
    pub procedural_macro: bool,
    /// Where its sources are.
    pub sources: PathBuf,
    /// The oldest compiler, as major and minor version.
    pub compiler: Option<(u32, u32)>,
}

impl fmt::Display for Package {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.name, self.version)
    }
}

/// A line of our manifest.
pub struct Dependency {
    pub name: String,
    pub optional: bool,
    pub defaults: bool,
}

/// All packages, and which needs which.
pub struct Graph {
    packages: Vec<Package>,
    direct: Vec<Dependency>,
    resolve: Resolve,
}

impl Graph {
    pub fn read() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut metadata: Metadata = serde_json::from_slice(&output.stdout).expect("the documented format");
        let root = metadata.packages.iter_mut().find(|package| package.id == metadata.resolve.root);
        let direct = std::mem::take(&mut root.expect("our own package").dependencies);
        Self {
            packages: metadata.packages.into_iter().map(package).collect(),
            direct: direct.into_iter().filter(|raw| raw.kind.is_none()).map(dependency).collect(),
            resolve: metadata.resolve,
        }
    }

    /// All packages, those of tests and benchmarks included.
    pub fn all(&self) -> Vec<&Package> {
        // Those of this workspace come by their path.
        self.packages.iter().filter(|package| !package.id.starts_with("path+")).collect()
    }

    /// What a program that links the crate compiles, with all features and on all platforms together.
    pub fn shipped(&self) -> Vec<&Package> {
        let (mut seen, mut next) = (BTreeSet::new(), vec![self.resolve.root.as_str()]);
        while let Some(id) = next.pop() {
            if seen.insert(id) {
                let node =
                    self.resolve.nodes.iter().find(|node| node.id == id).expect("each package has one");
                next.extend(node.deps.iter().filter(|edge| edge.ships()).map(|edge| edge.pkg.as_str()));
            }
        }
        assert!(seen.len() > 20, "this is not the tree");
        self.all().into_iter().filter(|package| seen.contains(package.id.as_str())).collect()
    }

    pub fn ours(&self) -> &Package {
        self.packages.iter().find(|package| package.id == self.resolve.root).expect("our own package")
    }

    /// The lines under `[dependencies]`.
    pub fn direct(&self) -> &[Dependency] {
        &self.direct
    }
}

impl Edge {
    fn ships(&self) -> bool {
        self.dep_kinds.iter().any(|kind| {
            kind.kind.as_deref() != Some("dev")
                && !kind.target.as_deref().is_some_and(|target| NEVER.contains(&target))
        })
    }
}

fn package(raw: RawPackage) -> Package {
    let has = |kind: &str| raw.targets.iter().any(|target| target.kind.iter().any(|have| have == kind));
    Package {
        procedural_macro: has("proc-macro"),
        id: raw.id,
        name: raw.name,
        version: raw.version,
        links: raw.links.is_some(),
        sources: raw.manifest_path.with_file_name("src"),
        compiler: raw.rust_version.map(|version| {
            let mut parts = version.split('.').map(|part| part.parse().expect("a number"));
            (parts.next().expect("a major version"), parts.next().unwrap_or(0))
        }),
    }
}

fn dependency(raw: RawDependency) -> Dependency {
    Dependency { name: raw.name, optional: raw.optional, defaults: raw.uses_default_features }
}

//! The shape of the tree: which crate may use which, and the house rules that a machine can check.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::*;

/// Both libraries: every verb may use them, and nothing else of the workspace.
const LIBRARIES: [&str; 2] = ["bgrun-store", "bgrun-platform"];

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]);
    let output = command.current_dir(workspace_root()).output().expect("cargo is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

/// The members of the workspace and those that each depends on, of whatever kind.
fn edges(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let packages = metadata["packages"].as_array().expect("cargo lists packages");
    let names: Vec<&str> = packages.iter().map(|package| package.text("name")).collect();
    let of = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("cargo lists dependencies");
        let names = dependencies.iter().map(|d| d.text("name")).filter(|name| names.contains(name));
        names.map(String::from).collect()
    };
    packages.iter().map(|package| (package.text("name").into(), of(package))).collect()
}

fn allowed(member: &str) -> &'static [&'static str] {
    match member {
        "bgrun" => &["bgrun-platform"],
        "bgrun-store" | "bgrun-platform" | "tests" => &[],
        _ => &LIBRARIES,
    }
}

/// Every Rust file below a directory of the workspace.
fn rust_files(below: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(below).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The members of the workspace that are verbs.
fn verb_crates() -> Vec<String> {
    let members = edges(&metadata()).into_keys();
    let is_verb = |name: &String| name.starts_with("bgrun-") && !LIBRARIES.contains(&name.as_str());
    members.filter(is_verb).collect()
}

fn all_files() -> Vec<PathBuf> {
    let members = edges(&metadata()).into_keys();
    members.flat_map(|member| rust_files(&workspace_root().join(member))).collect()
}

#[test]
fn crates_depend_on_each_other_only_as_designed() {
    for (member, dependencies) in edges(&metadata()) {
        for dependency in dependencies {
            assert!(allowed(&member).contains(&dependency.as_str()), "{member} uses {dependency}");
        }
    }
}

#[test]
fn every_crate_of_the_design_is_there() {
    let edges = edges(&metadata());
    for member in [
        "bgrun",
        "bgrun-store",
        "bgrun-platform",
        "bgrun-run",
        "bgrun-ls",
        "bgrun-logs",
        "bgrun-kill",
        "bgrun-guard",
        "bgrun-wait",
        "bgrun-env",
        "bgrun-up",
        "bgrun-dash",
        "bgrun-watch",
        "bgrun-top",
        "tests",
    ] {
        assert!(edges.contains_key(member), "no crate {member}");
    }
}

#[test]
fn unsafe_code_and_systems_are_named_only_in_the_platform() {
    // Put together here, so that this file does not find itself.
    let words = [["un", "safe "].concat(), ["un", "safe{"].concat(), ["target_", "os"].concat()];
    for path in all_files() {
        if path.starts_with(workspace_root().join("bgrun-platform")) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for word in &words {
            let line =
                text.lines().position(|l| l.contains(word) && !l.trim_start().starts_with("//"));
            assert!(line.is_none(), "{word:?} in {}:{}", path.display(), line.unwrap() + 1);
        }
    }
}

#[test]
fn a_verb_is_looked_up_by_name_alone() {
    for verb_crate in verb_crates() {
        let src = workspace_root().join(&verb_crate).join("src");
        for file in ["main.rs", "args.rs"] {
            assert!(src.join(file).is_file(), "no {file} in {verb_crate}");
        }
        let verb = verb_crate.strip_prefix("bgrun-").unwrap();
        let test = workspace_root().join("tests").join(format!("{verb}.rs"));
        assert!(test.is_file(), "no {}", test.display());
    }
}

#[test]
fn a_main_file_is_a_table_of_contents() {
    for path in all_files()
        .iter()
        .filter(|path| path.ends_with("src/main.rs") || path.ends_with("supervise/main.rs"))
    {
        let lines = fs::read_to_string(path).unwrap().lines().count();
        assert!(lines < 60, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_file_says_first_what_lives_in_it_and_is_one_room() {
    for path in all_files() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "the first line of {}", path.display());
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_test_file_is_built() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let tests = packages.iter().find(|package| package["name"] == "tests").unwrap();
    let targets: Vec<&str> =
        tests["targets"].as_array().unwrap().iter().map(|target| target.text("src_path")).collect();
    for path in rust_files(&workspace_root().join("tests")) {
        let is_own =
            path.parent().is_some_and(|dir| dir.ends_with("tests") || dir.ends_with("bin"));
        let known = targets.contains(&path.to_str().unwrap());
        assert!(!is_own || known, "{} is in no target of tests/Cargo.toml", path.display());
    }
}

#[test]
fn no_test_is_skipped() {
    let mark = ["#[", "ignore"].concat();
    for path in all_files() {
        assert!(!fs::read_to_string(&path).unwrap().contains(&mark), "{}", path.display());
    }
}

#[test]
fn verbs_are_not_manned_by_vague_rooms() {
    for path in all_files() {
        let room = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let vague = ["util", "utils", "helper", "helpers", "common", "manager", "misc"];
        assert!(!vague.contains(&room), "{}", path.display());
    }
}

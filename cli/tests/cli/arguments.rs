//! Arguments that cannot be used end with one clear line and exit code 2.

use crate::program::{command, sepconv};
use crate::run::run;

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["--version"], &["bench", "--help"], &["run", "--help"]] {
        assert!(!sepconv(args).succeeded().is_empty());
    }
    assert!(sepconv(&["bench", "--help"]).succeeded().contains("benchdnn"), "the problem files are documented");
}

#[test]
fn no_command_shows_the_help_and_is_an_error() {
    let run = sepconv::<&str>(&[]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("Usage"), "{}", run.err);
}

#[test]
fn wrong_arguments_are_refused_with_a_reason() {
    for (line, reason) in [
        ("dance", "dance"),
        ("bench --sweet toy", "--sweet"),
        ("bench --op fft", "fft"),
        ("bench --layout nchw", "hwc"),
        ("bench --isa sse9", "avx2"),
        ("bench --threads 0", "1024"),
        ("bench --threads 1,x", "1024"),
        ("bench --min-time -1", "--min-time"),
        ("bench --min-time NaN", "seconds"),
        ("bench -o xml", "jsonl"),
        ("bench --suite no-such-suite", "mobilenet-v1"),
        ("bench --suite toy --filter no-such-layer", "no-such-layer"),
        ("bench --suite convnext-t --op sep", "sep"),
        ("savings --input 7x7 --kernel 3 --out 128", "7x7x3"),
        ("savings --input 7x7x3 --kernel 3", "--out"),
        ("savings --input 7x7x3 --kernel 3 --out 0", "size"),
        ("savings --input 7x7x3 --kernel 9 --out 4", "empty"),
        ("savings --input 7x7x3 --kernel 3 --out 4 --padding full", "same"),
        ("savings --input 1000000x1000000x1000 --kernel 3 --out 128", "GiB"),
        ("savings --input 99999999999x99999999999x99 --kernel 3 --out 128", "overflow"),
        ("verify --count 0", "--count"),
        ("verify --seed x", "--seed"),
        ("run --job sharpen a.png b.png", "unsharp"),
        ("run --job edges a.png", "OUT"),
        ("run --job edges --border mirror a.png b.png", "replicate"),
    ] {
        let error = sepconv(&line.split(' ').collect::<Vec<_>>()).refused();
        assert!(error.contains(reason), "{line:?} gives {error:?}, without {reason:?}");
    }
}

#[test]
fn a_wrong_instruction_set_in_the_environment_is_refused() {
    let error = run(command().args(["bench", "--suite", "toy"]).env("SEPCONV_ISA", "sse9")).refused();
    assert!(error.contains("sse9"), "{error}");
}

#[test]
fn the_instruction_set_of_the_environment_is_used() {
    let args = ["bench", "--suite", "toy", "--filter", "dw3x3", "--min-time", "0", "--no-naive", "-o", "jsonl"];
    let text = run(command().args(args).env("SEPCONV_ISA", "portable")).succeeded();
    let row: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(row["isa"], "portable");
}

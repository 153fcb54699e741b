//! The modules that a source file names: its `use` lines and the paths in its text that begin with `crate`, `super` or `self`.
//!
//! Read from tokens, so that comments and strings do not count, and macros' bodies do. What is compiled for tests alone is left out.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Names from the root of the crate down; none for the root itself.
pub type Path = Vec<String>;

/// A path that a file names, counted from the root of its crate, and the line that it stands in.
#[derive(Debug, PartialEq, Eq)]
pub struct Use {
    pub path: Path,
    pub line: usize,
}

/// All that the text of `module` names. Names that begin with none of the three words are children or other crates.
pub fn read(text: &str, module: &[String]) -> Result<Vec<Use>, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("no Rust: {error}"))?;
    let mut uses = Vec::new();
    walk(&Vec::from_iter(tokens), module, &mut uses);
    Ok(uses)
}

fn walk(tokens: &[TokenTree], module: &[String], uses: &mut Vec<Use>) {
    let mut rest = tokens;
    while let [first, after @ ..] = rest {
        rest = match (word(first).as_deref(), after) {
            (Some("pub"), [TokenTree::Group(_), after @ ..]) => after,
            (Some("mod"), [name, TokenTree::Group(body), after @ ..]) => {
                let inner = [module, &[name.to_string()]].concat();
                walk(&Vec::from_iter(body.stream()), &inner, uses);
                after
            }
            (Some("use"), _) => {
                let end = after.iter().position(|token| is(token, ';')).unwrap_or(after.len());
                tree(&after[..end], &[], module, uses);
                &after[end..]
            }
            (Some("crate" | "super" | "self"), [colon, ..]) if is(colon, ':') => path(rest, module, uses),
            (None, [TokenTree::Group(attribute), after @ ..]) if is(first, '#') => match for_tests(attribute) {
                true => behind_item(after),
                false => after,
            },
            (None, [bang, TokenTree::Group(attribute), after @ ..]) if is(first, '#') && is(bang, '!') => {
                if for_tests(attribute) {
                    return;
                }
                after
            }
            _ => {
                if let TokenTree::Group(group) = first {
                    walk(&Vec::from_iter(group.stream()), module, uses);
                }
                after
            }
        };
    }
}

/// Reads the path that `tokens` begin with; returns what stands behind it.
fn path<'a>(tokens: &'a [TokenTree], module: &[String], uses: &mut Vec<Use>) -> &'a [TokenTree] {
    let (mut names, mut rest) = (vec![tokens[0].to_string()], &tokens[1..]);
    while let [first, second, name @ TokenTree::Ident(_), after @ ..] = rest
        && is(first, ':')
        && is(second, ':')
    {
        names.push(name.to_string());
        rest = after;
    }
    add(&names, &tokens[0], module, uses);
    rest
}

/// Reads what stands behind `use` and in the braces of one.
fn tree(tokens: &[TokenTree], prefix: &[String], module: &[String], uses: &mut Vec<Use>) {
    for branch in tokens.split(|token| is(token, ',')) {
        let mut names = prefix.to_vec();
        for token in branch {
            match token {
                TokenTree::Group(group) => tree(&Vec::from_iter(group.stream()), &names, module, uses),
                TokenTree::Ident(name) if name == "as" => break,
                TokenTree::Ident(name) => names.push(name.to_string()),
                _ => {}
            }
        }
        let braces = branch.iter().any(|token| matches!(token, TokenTree::Group(_)));
        if let (Some(first), false) = (branch.first(), braces) {
            add(&names, first, module, uses);
        }
    }
}

/// Adds a path as seen from `module`, if it stays in the crate.
fn add(names: &[String], at: &TokenTree, module: &[String], uses: &mut Vec<Use>) {
    let mut path = module.to_vec();
    for (i, name) in names.iter().enumerate() {
        match name.as_str() {
            "crate" => path.clear(),
            "super" => drop(path.pop()),
            "self" => {}
            _ if i == 0 => return,
            name => path.push(name.to_owned()),
        }
    }
    uses.push(Use { path, line: at.span().start().line });
}

/// Whether an attribute is `cfg` of something with `test` in it that is not `not(test)`.
fn for_tests(attribute: &Group) -> bool {
    let text = attribute.stream().to_string().replace(' ', "");
    let condition = text.strip_prefix("cfg(").unwrap_or_default().replace("not(test)", "");
    condition.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "test")
}

/// What stands behind the item that `tokens` begin with.
fn behind_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let brace = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    let first = tokens.iter().take_while(|token| !is(token, ';') && !brace(token));
    // The braces of a `use` do not end it.
    let import = first.into_iter().any(|token| word(token).as_deref() == Some("use"));
    let end = tokens.iter().position(|token| is(token, ';') || (brace(token) && !import));
    end.map_or(&[], |end| &tokens[end + 1..])
}

fn word(token: &TokenTree) -> Option<String> {
    matches!(token, TokenTree::Ident(_)).then(|| token.to_string())
}

fn is(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let module = ["a", "b"].map(str::to_owned);
        read(text, &module).unwrap().into_iter().map(|used| used.path.join("::")).collect()
    }

    #[test]
    fn use_lines_are_counted_from_the_root() {
        assert_eq!(named("use crate::x::Y;"), ["x::Y"]);
        assert_eq!(named("pub(crate) use super::{c::{self, D as E}, f};"), ["a::c", "a::c::D", "a::f"]);
        assert_eq!(named("use super::super::*; use self::g::H;"), ["", "a::b::g::H"]);
        assert_eq!(named("use std::fmt; use c::D; use {crate::x, std::y};"), ["x"]);
    }

    #[test]
    fn paths_in_the_text_count_wherever_they_stand() {
        let text = "fn f(x: &crate::x::Y<super::Z>) -> u8 { vec![self::w::<u8>()] }";
        assert_eq!(named(text), ["x::Y", "a::Z", "a::b::w"]);
        assert_eq!(named("macro_rules! m { () => { $crate::x::y!() }; }"), ["x::y"]);
        assert_eq!(named("mod inner { fn f() { super::g(); super::super::h() } }"), ["a::b::g", "a::h"]);
    }

    #[test]
    fn comments_strings_visibilities_and_other_crates_do_not_count() {
        let text = "//! [`x`](crate::x)\n/* crate::y */ pub(in crate::z) fn f(self) -> &'static str { \"crate::w\" }";
        assert_eq!(named(text), Vec::<String>::new());
        assert_eq!(named("use ::crate_of_others::x; fn f() { other::super_::y() }"), Vec::<String>::new());
    }

    #[test]
    fn what_is_for_tests_alone_is_left_out() {
        assert_eq!(named("#[cfg(test)] mod tests { use super::*; } use crate::x;"), ["x"]);
        assert_eq!(named("#[cfg(test)] use crate::{x, y}; use crate::z;"), ["z"]);
        assert_eq!(named("#[cfg(all(test, unix))] #[allow(a)] fn f() { crate::x() } use crate::z;"), ["z"]);
        assert_eq!(named("#[cfg(not(test))] use crate::x; #[cfg(doctest)] use crate::y;"), ["x", "y"]);
        assert_eq!(named("#![cfg(test)] use crate::x;"), Vec::<String>::new());
    }

    #[test]
    fn lines_are_those_of_the_text() {
        assert_eq!(read("\n\nuse crate::x;", &[]).unwrap(), [Use { path: vec!["x".to_owned()], line: 3 }]);
        assert!(read("fn f( {", &[]).is_err());
    }
}

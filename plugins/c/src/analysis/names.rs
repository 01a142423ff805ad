//! Symbols as the programmer would write them.

use cpp_demangle::{DemangleOptions, ParseOptions};

/// Templates nest deeply, and guests' stacks are small.
const RECURSION_MAX: u32 = 128;
/// What libc++ calls the current version of its namespace; nobody writes it.
const VERSIONS: [&str; 2] = ["std::__1::", "std::__2::"];

/// A C++ symbol taken apart.
pub struct Demangled {
    /// The qualified name.
    pub name: String,
    /// The whole of it: parameters, and for a template what it returns.
    pub full: String,
}

/// Takes a symbol apart; none when it is not a C++ one.
pub fn demangle(symbol: &str) -> Option<Demangled> {
    if !symbol.starts_with("_Z") {
        return None;
    }
    let parsed = cpp_demangle::Symbol::new_with_options(
        symbol,
        &ParseOptions::default().recursion_limit(RECURSION_MAX),
    )
    .ok()?;
    let options = DemangleOptions::new().recursion_limit(RECURSION_MAX);
    let full = plain(parsed.demangle_with_options(&options).ok()?);
    let bare = DemangleOptions::new()
        .recursion_limit(RECURSION_MAX)
        .no_params()
        .no_return_type();
    let name = parsed
        .demangle_with_options(&bare)
        .map_or_else(|_| full.clone(), plain);
    Some(Demangled { name, full })
}

/// The name of data: `_ZZ4bumpvE1n` is `bump()::n`, and clang's own `bump.n` stays.
pub fn data_name(symbol: &str) -> String {
    demangle(symbol).map_or_else(|| symbol.to_owned(), |demangled| demangled.full)
}

/// Whether the compiler made the data up and numbered it: its name says only how much of it came before.
pub fn is_numbered(symbol: &str) -> bool {
    symbol.starts_with(".L") || symbol.starts_with("GCC_except_table")
}

/// Whether the symbol is that of a vtable or of type information, which never change, whoever defines them.
pub fn is_about_a_class(symbol: &str) -> bool {
    ["_ZTV", "_ZTT", "_ZTI", "_ZTS"]
        .iter()
        .any(|prefix| symbol.starts_with(prefix))
}

fn plain(mut name: String) -> String {
    if let Some(class) = name
        .strip_prefix("{vtable(")
        .and_then(|rest| rest.strip_suffix(")}"))
    {
        name = format!("vtable for {class}");
    }
    for version in VERSIONS {
        if name.contains(version) {
            name = name.replace(version, "std::");
        }
    }
    name
}

/// Whether the symbol is a thunk's: code that adjusts `this` or the result and goes on.
pub fn is_thunk(symbol: &str) -> bool {
    ["_ZTh", "_ZTv", "_ZTc"]
        .iter()
        .any(|prefix| symbol.starts_with(prefix))
}

/// Whether the symbol is that of the compiler's code for what runs before `main`.
pub fn is_initializer(symbol: &str) -> bool {
    ["_GLOBAL__sub_I_", "_GLOBAL__I_", "__cxx_global_var_init"]
        .iter()
        .any(|prefix| symbol.starts_with(prefix))
}

/// Whether the compiler made the function up. Several such share a name in the debug information, but no symbol.
pub fn is_made_up(symbol: &str) -> bool {
    is_initializer(symbol) || symbol.starts_with("__cxx_global_array_dtor")
}

/// Whether `name`, a function's own, converts: `operator bool` says itself what it returns.
pub fn is_conversion(name: &str) -> bool {
    const OTHERS: [&str; 3] = ["new", "delete", "co_await"];
    name.strip_prefix("operator ").is_some_and(|rest| {
        !OTHERS.iter().any(|other| rest.starts_with(other)) && !rest.starts_with('"')
    })
}

/// Whether `name`, a function's own, makes objects of the class (`Some(true)`) or ends them (`Some(false)`).
pub fn makes_or_ends(name: &str, class: &str) -> Option<bool> {
    let base = |name: &str| name.split('<').next().unwrap_or_default().to_owned();
    match name.strip_prefix('~') {
        Some(_) => Some(false),
        None => (!class.is_empty() && base(name) == base(class)).then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_become_names() {
        for (symbol, name, full) in [
            ("_ZN7Counter3addEi", "Counter::add", "Counter::add(int)"),
            ("_Z5twiceIiET_S0_", "twice<int>", "int twice<int>(int)"),
            (
                "_ZNSt3__26vectorIiE4sizeEv",
                "std::vector<int>::size",
                "std::vector<int>::size()",
            ),
            ("_ZN7CounterC2Ev", "Counter::Counter", "Counter::Counter()"),
        ] {
            let demangled = demangle(symbol).unwrap();
            assert_eq!(
                (demangled.name.as_str(), demangled.full.as_str()),
                (name, full)
            );
        }
        assert!(demangle("main").is_none());
        assert_eq!(data_name("_ZTV7Counter"), "vtable for Counter");
        assert_eq!(data_name("_ZZ4bumpvE1n"), "bump()::n");
    }

    #[test]
    fn constructors_are_told_by_their_class() {
        assert_eq!(makes_or_ends("Box<int>", "Box<int>"), Some(true));
        assert_eq!(makes_or_ends("Box", "Box<int>"), Some(true));
        assert_eq!(makes_or_ends("~Box", "Box<int>"), Some(false));
        assert_eq!(makes_or_ends("open", "Box"), None);
    }
}

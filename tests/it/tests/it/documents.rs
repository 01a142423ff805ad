//! The pages of the documentation are true: each is followed from top to bottom by `tests_kit::Page`, which says how a page
//! is written. What a page cannot name itself (files that its reader has, free ports) is said here.

use tests_kit::{Fleet, Home, Page};

/// A page that is followed as it stands.
fn page(path: &str) -> Page<'_> {
    Page {
        path,
        given: &[],
        instead: &[],
    }
}

#[test]
fn writing_a_plugin() {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    page("docs/plugins.md").follow(&fleet.home);
}

//! How the places of units lie to each other: units nest, as classes and closures do, or lie apart. They never cross.

use std::collections::BTreeMap;

use crate::program::{Span, Unit};

/// Two units, as indices into the table, of which the first begins before the second, and ends within it.
pub(crate) type Crossing = (usize, usize);

/// Cuts every unit that ends within another one down to its first line.
///
/// A line table may attribute a line to a function that does not hold it: `#line` in generated C does that. A frontend that
/// takes places from such a table calls this, so that its program is a valid one.
pub fn shorten_crossing_spans(units: &mut [Unit]) {
    for (first, _) in crossings(units) {
        if let Some(span) = &mut units[first].span {
            span.end_line = span.line;
        }
    }
}

/// All crossings, file by file. Two units may share the line where one ends and the other begins.
///
/// The spans are swept in the order of their beginnings, with those that are still open on a stack; `O(n log n)` for n units.
pub(crate) fn crossings(units: &[Unit]) -> Vec<Crossing> {
    let mut files: BTreeMap<(u32, &str), Vec<(usize, &Span)>> = BTreeMap::new();
    for (at, unit) in units.iter().enumerate() {
        if let Some(span) = &unit.span {
            files
                .entry((unit.object, &span.file))
                .or_default()
                .push((at, span));
        }
    }
    let mut found = Vec::new();
    for mut spans in files.into_values() {
        spans.sort_by_key(|(at, span)| (span.line, std::cmp::Reverse(span.end_line), *at));
        let mut open: Vec<(usize, &Span)> = Vec::new();
        for (at, span) in spans {
            while let Some((outer, around)) = open.last() {
                let is_apart = around.end_line <= span.line;
                let is_within = span.end_line <= around.end_line;
                if is_within && !is_apart {
                    break;
                }
                if !is_apart {
                    found.push((*outer, at));
                }
                open.pop();
            }
            open.push((at, span));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Digest, UnitKind};

    fn units(lines: &[(u32, u32)]) -> Vec<Unit> {
        let unit = |(line, end_line): &(u32, u32)| Unit {
            name: "f".into(),
            symbol: "f".into(),
            kind: UnitKind::Function,
            signature: String::new(),
            span: Some(Span {
                file: "a.c".into(),
                line: *line,
                column: 0,
                end_line: *end_line,
            }),
            size_bytes: 1,
            calls: vec![],
            calls_indirect: false,
            address_taken: false,
            reads: vec![],
            writes: vec![],
            escapes: vec![],
            object: 0,
            digest: Digest::of(b"f"),
        };
        lines.iter().map(unit).collect()
    }

    #[test]
    fn units_nest_or_lie_apart() {
        for fine in [
            &[(1, 9), (2, 4), (3, 4), (5, 9)][..],
            &[(1, 3), (3, 5), (5, 5), (5, 7)],
            &[(1, 3), (1, 3), (1, 1)],
            &[(4, 5), (1, 2)],
        ] {
            assert_eq!(crossings(&units(fine)), [], "{fine:?}");
        }
        for (bad, pairs) in [
            (&[(1, 5), (3, 8)][..], &[(0, 1)][..]),
            (&[(3, 8), (1, 5)], &[(1, 0)]),
            (&[(1, 20), (2, 10), (9, 12), (11, 13)], &[(1, 2), (2, 3)]),
            (&[(1, 6), (2, 6), (4, 9)], &[(1, 2), (0, 2)]),
        ] {
            let mut units = units(bad);
            assert_eq!(crossings(&units), pairs, "{bad:?}");
            shorten_crossing_spans(&mut units);
            assert_eq!(crossings(&units), [], "{bad:?}");
        }
    }

    #[test]
    fn files_and_objects_are_apart() {
        let mut units = units(&[(1, 5), (3, 8), (3, 8)]);
        units[1].object = 1;
        if let Some(span) = &mut units[2].span {
            span.file = "b.c".into();
        }
        assert_eq!(crossings(&units), []);
    }
}

//! Types out of the debug information, written as C and C++ write them.

use std::collections::HashMap;

use gimli::{AttributeValue, Dwarf, Unit, UnitOffset};

use super::debug::{Entry, Slice};

/// Types nest at most this deep in a declaration; the rest is written `…`.
const DEPTH_MAX: usize = 24;

/// Writes the types of one compilation unit.
pub struct Declarations<'r, 'a> {
    dwarf: &'r Dwarf<Slice<'a>>,
    unit: &'r Unit<Slice<'a>>,
    parents: &'r HashMap<UnitOffset, UnitOffset>,
    is_c: bool,
}

impl<'r, 'a> Declarations<'r, 'a> {
    /// Of this unit.
    pub fn new(
        dwarf: &'r Dwarf<Slice<'a>>,
        unit: &'r Unit<Slice<'a>>,
        parents: &'r HashMap<UnitOffset, UnitOffset>,
    ) -> Self {
        let root = unit.entry(unit.header.root_offset()).ok();
        let language = root.and_then(|root| root.attr_value(gimli::DW_AT_language));
        let is_c = matches!(
            language,
            Some(AttributeValue::Language(
                gimli::DW_LANG_C
                    | gimli::DW_LANG_C89
                    | gimli::DW_LANG_C99
                    | gimli::DW_LANG_C11
                    | gimli::DW_LANG_C17
            ))
        );
        Self {
            dwarf,
            unit,
            parents,
            is_c,
        }
    }

    /// The entry's own name.
    pub fn name(&self, entry: &Entry<'a>) -> Option<String> {
        let name = self
            .dwarf
            .attr_string(self.unit, entry.attr_value(gimli::DW_AT_name)?)
            .ok()?;
        Some(name.to_string_lossy().into_owned())
    }

    /// The name of the class that directly holds the entry.
    pub fn class_of(&self, offset: UnitOffset) -> Option<String> {
        let parent = self.unit.entry(*self.parents.get(&offset)?).ok()?;
        let is_class = matches!(
            parent.tag(),
            gimli::DW_TAG_class_type | gimli::DW_TAG_structure_type | gimli::DW_TAG_union_type
        );
        is_class.then(|| self.name(&parent).unwrap_or_default())
    }

    /// The declaration of the function whose parameters stand below `original` and whose type `typed` has, with `{}` in
    /// the place of its name; and its result alone.
    pub fn function(&self, original: &Entry<'a>, typed: &Entry<'a>) -> (String, String) {
        let parameters = self.parameters(original, 0);
        let result = self.target(typed, String::new(), 0);
        (self.target(typed, format!("{{}}({parameters})"), 0), result)
    }

    fn parameters(&self, function: &Entry<'a>, depth: usize) -> String {
        let mut list = Vec::new();
        // An iteration that meets damage ends the list; it only describes.
        let _ = self.each_child(function.offset(), |child| match child.tag() {
            gimli::DW_TAG_formal_parameter => {
                let is_artificial = child.attr(gimli::DW_AT_artificial).is_some();
                let origin = match child.attr_value(gimli::DW_AT_abstract_origin) {
                    Some(AttributeValue::UnitRef(offset)) => self.unit.entry(offset).ok(),
                    _ => None,
                };
                let original = origin.as_ref().unwrap_or(child);
                if !is_artificial {
                    let name = self.name(original).unwrap_or_default();
                    list.push(self.target(original, name, depth + 1));
                }
            }
            gimli::DW_TAG_unspecified_parameters => list.push("...".to_owned()),
            _ => {}
        });
        if list.is_empty() && self.is_c && function.attr(gimli::DW_AT_prototyped).is_some() {
            return "void".to_owned();
        }
        list.join(", ")
    }

    fn each_child(&self, of: UnitOffset, mut visit: impl FnMut(&Entry<'a>)) -> gimli::Result<()> {
        let mut entries = self.unit.entries_raw(Some(of))?;
        let mut entry = gimli::DebuggingInformationEntry::null();
        if !entries.read_entry(&mut entry)? || !entry.has_children() {
            return Ok(());
        }
        let depth = entries.next_depth();
        while !entries.is_empty() && entries.next_depth() >= depth {
            let is_child = entries.next_depth() == depth;
            if entries.read_entry(&mut entry)? && is_child {
                visit(&entry);
            }
        }
        Ok(())
    }

    /// Declares `inner` to be of the type that `entry` points at; no type is `void`.
    fn target(&self, entry: &Entry<'a>, inner: String, depth: usize) -> String {
        match entry.attr_value(gimli::DW_AT_type) {
            Some(AttributeValue::UnitRef(offset)) => match self.unit.entry(offset) {
                Ok(target) if depth < DEPTH_MAX => self.declare(&target, inner, depth + 1),
                _ => spaced("…", &inner),
            },
            _ => spaced("void", &inner),
        }
    }

    /// Declares `inner` to be of this type, inside out as C does.
    fn declare(&self, entry: &Entry<'a>, inner: String, depth: usize) -> String {
        let tag = entry.tag();
        match tag {
            gimli::DW_TAG_pointer_type => self.pointer(entry, "*", inner, depth),
            gimli::DW_TAG_reference_type => self.pointer(entry, "&", inner, depth),
            gimli::DW_TAG_rvalue_reference_type => self.pointer(entry, "&&", inner, depth),
            gimli::DW_TAG_ptr_to_member_type => self.pointer(entry, "::*", inner, depth),
            gimli::DW_TAG_const_type => self.qualified("const", entry, inner, depth),
            gimli::DW_TAG_volatile_type => self.qualified("volatile", entry, inner, depth),
            gimli::DW_TAG_restrict_type => self.qualified("restrict", entry, inner, depth),
            gimli::DW_TAG_atomic_type => self.qualified("_Atomic", entry, inner, depth),
            gimli::DW_TAG_array_type => {
                let mut bounds = String::new();
                let _ = self.each_child(entry.offset(), |child| {
                    let count = child.attr_value(gimli::DW_AT_count);
                    let count = count.and_then(|count| count.udata_value());
                    bounds.push_str(&match count {
                        Some(count) => format!("[{count}]"),
                        None => "[]".to_owned(),
                    });
                });
                self.target(entry, format!("{inner}{bounds}"), depth)
            }
            gimli::DW_TAG_subroutine_type => {
                let parameters = self.parameters(entry, depth);
                self.target(entry, format!("{inner}({parameters})"), depth)
            }
            _ => spaced(&self.type_name(entry, depth), &inner),
        }
    }

    fn pointer(&self, entry: &Entry<'a>, mark: &str, inner: String, depth: usize) -> String {
        let target = match entry.attr_value(gimli::DW_AT_type) {
            Some(AttributeValue::UnitRef(offset)) => self.unit.entry(offset).ok(),
            _ => None,
        };
        let binds_tighter = target.is_some_and(|target| {
            matches!(
                target.tag(),
                gimli::DW_TAG_array_type | gimli::DW_TAG_subroutine_type
            )
        });
        let pointed = format!("{mark}{inner}");
        let inner = if binds_tighter {
            format!("({pointed})")
        } else {
            pointed
        };
        self.target(entry, inner, depth)
    }

    fn qualified(&self, word: &str, entry: &Entry<'a>, inner: String, depth: usize) -> String {
        let target = match entry.attr_value(gimli::DW_AT_type) {
            Some(AttributeValue::UnitRef(offset)) => self.unit.entry(offset).ok(),
            _ => None,
        };
        match target {
            // What is qualified is the pointer itself: `char *const p`.
            Some(target) if target.tag() == gimli::DW_TAG_pointer_type => {
                self.target(entry, spaced(word, &inner), depth)
            }
            _ => format!("{word} {}", self.target(entry, inner, depth)),
        }
    }

    fn type_name(&self, entry: &Entry<'a>, depth: usize) -> String {
        let word = match entry.tag() {
            gimli::DW_TAG_structure_type => "struct",
            gimli::DW_TAG_union_type => "union",
            gimli::DW_TAG_enumeration_type => "enum",
            gimli::DW_TAG_class_type => "class",
            _ => "",
        };
        match self.name(entry) {
            None if word.is_empty() => "…".to_owned(),
            None => format!("{word} {{…}}"),
            Some(name) if self.is_c && !word.is_empty() => format!("{word} {name}"),
            Some(name) => match self.parents.get(&entry.offset()) {
                Some(parent) if depth < DEPTH_MAX && !self.is_c => {
                    format!("{}{name}", self.scope(*parent, depth + 1))
                }
                _ => name,
            },
        }
    }

    /// `space::Class::`, as far as the scopes have names. Versions of a library's namespace are no part of it.
    fn scope(&self, offset: UnitOffset, depth: usize) -> String {
        let Ok(entry) = self.unit.entry(offset) else {
            return String::new();
        };
        let is_scope = matches!(
            entry.tag(),
            gimli::DW_TAG_namespace
                | gimli::DW_TAG_class_type
                | gimli::DW_TAG_structure_type
                | gimli::DW_TAG_union_type
        );
        if !is_scope || depth >= DEPTH_MAX {
            return String::new();
        }
        let outer = match self.parents.get(&offset) {
            Some(parent) => self.scope(*parent, depth + 1),
            None => String::new(),
        };
        match self.name(&entry) {
            _ if entry.attr(gimli::DW_AT_export_symbols).is_some() => outer,
            Some(name) => format!("{outer}{name}::"),
            None => format!("{outer}(anonymous)::"),
        }
    }
}

/// `int`, `x` is `int x`; `char`, `*p` is `char *p`; nothing adds no space.
fn spaced(word: &str, inner: &str) -> String {
    match inner {
        "" => word.to_owned(),
        _ if inner.starts_with('[') => format!("{word}{inner}"),
        _ => format!("{word} {inner}"),
    }
}

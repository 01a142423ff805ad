//! What a `tsconfig.json` says of the language: what becomes of JSX, of decorators, of fields and of imports.

use std::borrow::Cow;

use oxc::transformer::{HelperLoaderMode, JsxRuntime, TransformOptions};
use serde::Deserialize;

use crate::decorators;

/// What a `tsconfig.json` says of the language, under its names there; nothing where it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Language {
    /// What becomes of JSX: `react` is calls of a function in sight, all else calls of what is imported for it.
    pub jsx: Option<String>,
    /// The function in sight: `React.createElement` is known without a word.
    pub jsx_factory: Option<String>,
    /// What `<>` is to it.
    pub jsx_fragment_factory: Option<String>,
    /// The package from which functions are imported: `react` is known without a word.
    pub jsx_import_source: Option<String>,
    /// Only what is imported as a type is left out.
    pub verbatim_module_syntax: Option<bool>,
    /// Decorators are TypeScript's own.
    pub experimental_decorators: Option<bool>,
    /// Types are told to decorators.
    pub emit_decorator_metadata: Option<bool>,
    /// A field is defined, not assigned to.
    pub use_define_for_class_fields: Option<bool>,
    /// The edition of the language, which decides that when nothing else does.
    pub target: Option<String>,
}

/// The editions in which TypeScript assigned to fields, as there were none.
const WITHOUT_FIELDS: [&str; 10] = [
    "es3", "es5", "es6", "es2015", "es2016", "es2017", "es2018", "es2019", "es2020", "es2021",
];

impl Language {
    /// What becomes of a module.
    pub fn options(&self) -> TransformOptions {
        let mut options = TransformOptions::default();
        let jsx = &mut options.jsx;
        jsx.jsx_plugin = true;
        if self.is_classic() {
            jsx.runtime = JsxRuntime::Classic;
            jsx.pragma = self.jsx_factory.clone();
            jsx.pragma_frag = self.jsx_fragment_factory.clone();
            // Or what is imported for it would seem to be a type.
            let owned = |name: &Option<String>| name.clone().map(Cow::Owned);
            let types = &mut options.typescript;
            types.jsx_pragma = owned(&jsx.pragma).unwrap_or(types.jsx_pragma.clone());
            types.jsx_pragma_frag =
                owned(&jsx.pragma_frag).unwrap_or(types.jsx_pragma_frag.clone());
        } else {
            jsx.import_source = self.jsx_import_source.clone();
        }
        options.typescript.only_remove_type_imports = self.verbatim_module_syntax == Some(true);
        if self.assigns_fields() {
            options.assumptions.set_public_class_fields = true;
            options.typescript.remove_class_fields_without_initializer = true;
        }
        options.decorator.legacy = self.experimental_decorators == Some(true);
        options.decorator.emit_decorator_metadata = self.emit_decorator_metadata == Some(true);
        options.helper_loader.mode = HelperLoaderMode::Runtime;
        options.helper_loader.module_name = Cow::Borrowed(decorators::PACKAGE);
        options
    }

    /// What the stronger one says counts.
    pub fn take(&mut self, stronger: Self) {
        put(&mut self.jsx, stronger.jsx);
        put(&mut self.jsx_factory, stronger.jsx_factory);
        put(
            &mut self.jsx_fragment_factory,
            stronger.jsx_fragment_factory,
        );
        put(&mut self.jsx_import_source, stronger.jsx_import_source);
        put(
            &mut self.verbatim_module_syntax,
            stronger.verbatim_module_syntax,
        );
        put(
            &mut self.experimental_decorators,
            stronger.experimental_decorators,
        );
        put(
            &mut self.emit_decorator_metadata,
            stronger.emit_decorator_metadata,
        );
        put(
            &mut self.use_define_for_class_fields,
            stronger.use_define_for_class_fields,
        );
        put(&mut self.target, stronger.target);
    }

    /// Whether fields are assigned to. The newest edition counts where none is named, as for esbuild.
    fn assigns_fields(&self) -> bool {
        let target = self.target.as_deref().unwrap_or_default();
        let target = target.to_ascii_lowercase();
        let is_old = WITHOUT_FIELDS.contains(&target.as_str());
        !self.use_define_for_class_fields.unwrap_or(!is_old)
    }

    /// Whether JSX is calls of a function in sight. Who names one and leaves JSX to others means it.
    fn is_classic(&self) -> bool {
        match self.jsx.as_deref() {
            Some("react") => true,
            Some("react-jsx" | "react-jsxdev") => false,
            _ => self.jsx_factory.is_some() && self.jsx_import_source.is_none(),
        }
    }
}

/// Puts in what is said.
pub(crate) fn put<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}

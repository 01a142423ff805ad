//! A placement policy: world `lily:policy/placement-policy`. Facts come as columns; [`Caps::rows`] walks them host by host.

wit_bindgen::generate!({
    path: "../../wit/policy",
    world: "placement-policy",
    pub_export_macro: true,
    export_macro_name: "export_placement_policy",
    default_bindings_module: "plugins_sdk::policy",
});

mod rows;

pub use rows::Cap;

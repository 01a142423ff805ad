use super::*;

#[test]
fn the_request_line_names_path_and_query_only() {
    let uri = "https://a.test/b?c"
        .parse()
        .ok()
        .and_then(|uri| origin_form(&uri).ok());
    assert_eq!(uri.map(|uri| uri.to_string()), Some("/b?c".to_owned()));
}

//! The addresses that more than one place links to.

use domain::{
    Category,
    community::{PeopleOrder, PeopleQuery},
    search::SearchSection,
    user::Username,
};

/// The cockpit of one's own channel.
///
/// Links to it say `rel="external"`: which pages may use the camera is decided by the headers of the document.
pub const DASHBOARD: &str = "/dashboard";

/// The channels that one follows.
pub const FOLLOWING: &str = "/following";

/// The people around one's own channel.
pub const COMMUNITY: &str = "/dashboard/community";

/// How the server is doing.
pub const ADMIN: &str = "/admin";

/// What one was told.
pub const NOTIFICATIONS: &str = "/notifications";

/// The page of a channel.
pub fn channel(username: &Username) -> String {
    format!("/{username}")
}

/// The page of a category.
pub fn category(category: Category) -> String {
    format!("/category/{category}")
}

/// One page of a category; the first has no number.
pub fn category_page(category: Category, page: u32) -> String {
    if page <= 1 { self::category(category) } else { format!("/category/{category}?page={page}") }
}

/// One page of the followed channels; the first has no number.
pub fn following_page(page: u32) -> String {
    if page <= 1 { FOLLOWING.to_owned() } else { format!("{FOLLOWING}?page={page}") }
}

/// One page of a list of people.
pub fn community(query: &PeopleQuery) -> String {
    let PeopleQuery { circle, search, order, page } = query;
    let mut address = format!("{COMMUNITY}?circle={}", circle.slug());
    if !search.is_empty() {
        address = format!("{address}&search={}", encode(search));
    }
    if *order != PeopleOrder::default() {
        address = format!("{address}&order={}", order.slug());
    }
    if *page > 1 { format!("{address}&page={page}") } else { address }
}

/// The results of a search, in one section or all of them, on one page of it.
pub fn search(term: &str, section: Option<SearchSection>, page: u32) -> String {
    let mut path = format!("/search?term={}", encode(term));
    if let Some(section) = section {
        path.push_str("&in=");
        path.push_str(section.slug());
    }
    if page > 1 {
        path.push_str("&page=");
        path.push_str(&page.to_string());
    }
    path
}

/// The sign-in page, and where to go from there.
pub fn sign_in(next: Option<&str>) -> String {
    with_next("/sign-in", next)
}

/// The sign-up page, and where to go from there.
pub fn sign_up(next: Option<&str>) -> String {
    with_next("/sign-up", next)
}

fn with_next(path: &str, next: Option<&str>) -> String {
    match next {
        Some(next) => format!("{path}?next={}", encode(next)),
        None => path.to_owned(),
    }
}

/// Percent-encodes a query value. Slashes may stay, which keeps the address readable.
pub(crate) fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(
                [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase()),
            );
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{category_page, community, search, sign_in};
    use domain::{
        Category,
        community::{Circle, PeopleOrder, PeopleQuery},
        search::SearchSection,
    };

    #[test]
    fn the_way_back_survives_the_address() {
        assert_eq!(sign_in(None), "/sign-in");
        assert_eq!(sign_in(Some("/claim/a_b")), "/sign-in?next=/claim/a_b");
        assert_eq!(sign_in(Some("/ana?x=1&y=ü#z")), "/sign-in?next=/ana%3Fx%3D1%26y%3D%C3%BC%23z");
    }

    #[test]
    fn a_list_of_people_names_what_differs_from_the_default() {
        let query = PeopleQuery { circle: Circle::Blocked, search: String::new(), order: PeopleOrder::Newest, page: 1 };
        assert_eq!(community(&query), "/dashboard/community?circle=blocked");
        let query = PeopleQuery { search: "a&b".to_owned(), order: PeopleOrder::Name, page: 2, ..query };
        assert_eq!(community(&query), "/dashboard/community?circle=blocked&search=a%26b&order=name&page=2");
    }

    #[test]
    fn a_search_can_be_linked_to() {
        assert_eq!(search("a&b é", None, 1), "/search?term=a%26b%20%C3%A9");
        assert_eq!(search("ana", Some(SearchSection::Past), 3), "/search?term=ana&in=past&page=3");
    }

    #[test]
    fn the_first_page_has_one_address() {
        assert_eq!(category_page(Category::Study, 1), "/category/study");
        assert_eq!(category_page(Category::Study, 3), "/category/study?page=3");
    }
}

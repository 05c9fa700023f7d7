//! The side bar: the part of the menu tree that a front end shows to someone.

use std::collections::HashMap;

use async_graphql::{ID, SimpleObject};
use serde::{Deserialize, Serialize};

use super::model::{Menu, MenuId, MenuKind};
use super::tree::MAX_DEPTH;
use crate::domains::Status;

/// An entry of the side bar, in the shape that front-end routers take.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject, Serialize, Deserialize)]
pub struct SidebarItem {
    /// The id of the menu that it stands for.
    pub id: ID,
    /// Its caption, or the key of its translation.
    pub title: String,
    /// The name of its route.
    pub name: String,
    /// The address of its route; null if it has none.
    pub path: Option<String>,
    /// The front end's component that shows it; null if it has none.
    pub component: Option<String>,
    /// How it is shown.
    pub meta: SidebarMeta,
    /// The entries in it, in their order.
    pub children: Vec<SidebarItem>,
}

/// How an entry of the side bar is shown.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject, Serialize, Deserialize)]
pub struct SidebarMeta {
    /// Its caption, or the key of its translation.
    pub title: String,
    /// The name or the address of its icon; null if it has none.
    pub icon: Option<String>,
    /// Its place among its siblings; smaller comes first.
    pub order: i32,
    /// Whether it is a route only, and not shown.
    pub hidden: bool,
    /// Whether its page is kept while another is open.
    pub keep_alive: bool,
    /// The address of the page that it embeds; null if it is not embedded.
    pub iframe_src: Option<String>,
    /// The address that it opens outside of the front end; null if it is no link.
    pub link: Option<String>,
}

impl SidebarItem {
    fn new(menu: &Menu, children: Vec<Self>) -> Self {
        let link_of = |kind| menu.link.clone().filter(|_| menu.kind == kind);
        Self {
            id: menu.id.to_string().into(),
            title: menu.title.clone(),
            name: menu.name.clone(),
            path: menu.path.clone(),
            component: menu.component.clone(),
            meta: SidebarMeta {
                title: menu.title.clone(),
                icon: menu.icon.clone(),
                order: menu.sort,
                hidden: menu.hidden,
                keep_alive: menu.keep_alive,
                iframe_src: link_of(MenuKind::Embedded),
                link: link_of(MenuKind::Link),
            },
            children,
        }
    }
}

/// The tree of the granted menus and of what they lie in, without buttons. A disabled menu takes
/// everything below it with it. `menus` come in the order of siblings.
pub fn tree(menus: &[Menu], granted: impl Fn(MenuId) -> bool) -> Vec<SidebarItem> {
    let mut children: HashMap<Option<MenuId>, Vec<&Menu>> = HashMap::new();
    for menu in menus.iter().filter(|menu| menu.status == Status::Enabled) {
        children.entry(menu.parent_id).or_default().push(menu);
    }
    level(None, &children, &granted, MAX_DEPTH).0
}

/// The items directly in `parent`, and whether anything there is granted: a granted button has no item,
/// and yet the page that it is on is needed.
fn level(
    parent: Option<MenuId>,
    children: &HashMap<Option<MenuId>, Vec<&Menu>>,
    granted: &impl Fn(MenuId) -> bool,
    depth: usize,
) -> (Vec<SidebarItem>, bool) {
    let (mut items, mut any) = (Vec::new(), false);
    if depth == 0 {
        return (items, any);
    }
    for menu in children.get(&parent).into_iter().flatten() {
        let (below, granted_below) = level(Some(menu.id), children, granted, depth - 1);
        if granted_below || granted(menu.id) {
            any = true;
            if menu.kind != MenuKind::Button {
                items.push(SidebarItem::new(menu, below));
            }
        }
    }
    (items, any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn menu(title: &str, kind: MenuKind, parent: Option<&Menu>) -> Menu {
        let now = Timestamp::from_micros(0).unwrap();
        Menu {
            id: MenuId::new(),
            title: title.into(),
            name: title.into(),
            kind,
            path: None,
            component: None,
            icon: None,
            link: Some("https://example.org/".into()),
            permissions: Default::default(),
            sort: 0,
            status: Status::Enabled,
            hidden: false,
            keep_alive: false,
            remark: None,
            parent_id: parent.map(|parent| parent.id),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    fn outline(items: &[SidebarItem]) -> String {
        let each = items.iter().map(|item| format!("{}({})", item.title, outline(&item.children)));
        each.collect()
    }

    #[test]
    fn holds_what_is_granted_with_its_ancestors_and_nothing_else() {
        let system = menu("system", MenuKind::Directory, None);
        let users = menu("users", MenuKind::Menu, Some(&system));
        let add = menu("add", MenuKind::Button, Some(&users));
        let docs = menu("docs", MenuKind::Embedded, Some(&system));
        let site = menu("site", MenuKind::Link, None);
        let ids = [&system, &users, &add, &docs, &site].map(|menu| menu.id);
        let mut menus = vec![system, users, add, docs, site];
        let [system, users, add, docs, site] = ids;
        let shown = |menus: &[Menu], granted: &[MenuId]| outline(&tree(menus, |id| granted.contains(&id)));

        assert_eq!(shown(&menus, &[]), "");
        assert_eq!(shown(&menus, &ids), "system(users()docs())site()");
        assert_eq!(shown(&menus, &[docs]), "system(docs())");
        assert_eq!(shown(&menus, &[system]), "system()");
        assert_eq!(shown(&menus, &[add]), "system(users())");
        let all = tree(&menus, |_| true);
        assert_eq!((&all[1].meta.link.is_some(), &all[1].meta.iframe_src), (&true, &None));
        assert_eq!((&all[0].children[1].meta.iframe_src.is_some(), &all[0].meta.link), (&true, &None));

        menus[1].status = Status::Disabled;
        assert_eq!(shown(&menus, &[users, add, site]), "site()");
        menus[0].status = Status::Disabled;
        assert_eq!(shown(&menus, &ids), "site()");
    }
}

create index users_last_login_at_idx on users (last_login_at, id);
create index users_is_staff_idx on users (id) where is_staff;
create index roles_data_scope_idx on roles (data_scope, id);
create index menus_kind_idx on menus (kind, id);
create index menus_status_idx on menus (status, id);
create index depts_status_idx on depts (status, id);

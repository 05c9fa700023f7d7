create index users_last_login_at_idx on users (last_login_at, id);
create index users_is_staff_idx on users (is_staff, id);
-- A partial one is not found for a value that is bound.
drop index users_is_superuser_idx;
create index users_is_superuser_idx on users (is_superuser, id);
create index roles_data_scope_idx on roles (data_scope, id);
create index menus_kind_idx on menus (kind, id);
create index menus_status_idx on menus (status, id);
create index depts_status_idx on depts (status, id);

drop index depts_status_idx;
drop index menus_status_idx;
drop index menus_kind_idx;
drop index roles_data_scope_idx;
drop index users_is_superuser_idx;
create index users_is_superuser_idx on users (id) where is_superuser;
drop index users_is_staff_idx;
drop index users_last_login_at_idx;

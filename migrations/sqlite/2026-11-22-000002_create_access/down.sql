drop table role_depts;
drop table role_menus;
drop table user_roles;
drop table menus;
drop table roles;
drop table user_password_history;
drop table users;

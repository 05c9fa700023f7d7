alter table users add column failed_logins integer not null default 0;
alter table users add column failed_login_at bigint;

alter table users drop column failed_login_at;
alter table users drop column failed_logins;

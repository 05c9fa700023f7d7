drop table operation_logs;
drop table login_logs;

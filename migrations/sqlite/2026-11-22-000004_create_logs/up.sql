-- Logs hold ids without foreign keys: history outlives its subjects.
create table login_logs (
    id blob not null primary key,
    user_id blob,
    username varchar(64) not null,
    outcome smallint not null,
    ip varchar(45) not null,
    user_agent varchar(512),
    os varchar(64),
    browser varchar(64),
    device varchar(64),
    created_at bigint not null
);
create index login_logs_created_at_idx on login_logs (created_at, id);
create index login_logs_user_id_idx on login_logs (user_id, created_at, id);
create index login_logs_username_idx on login_logs (username, id);
create index login_logs_outcome_idx on login_logs (outcome, created_at, id);
create index login_logs_ip_idx on login_logs (ip, created_at, id);

create table operation_logs (
    id blob not null primary key,
    trace_id varchar(128) not null,
    user_id blob,
    username varchar(64),
    session_id blob,
    operation varchar(128),
    field varchar(64) not null,
    input text not null,
    targets text not null,
    changes text not null,
    status smallint not null,
    code varchar(32),
    message text,
    ip varchar(45),
    user_agent varchar(512),
    os varchar(64),
    browser varchar(64),
    device varchar(64),
    duration_us bigint not null,
    created_at bigint not null
);
create index operation_logs_created_at_idx on operation_logs (created_at, id);
create index operation_logs_user_id_idx on operation_logs (user_id, created_at, id);
create index operation_logs_username_idx on operation_logs (username, created_at, id);
create index operation_logs_field_idx on operation_logs (field, created_at, id);
create index operation_logs_status_idx on operation_logs (status, created_at, id);
create index operation_logs_trace_id_idx on operation_logs (trace_id);
create index operation_logs_ip_idx on operation_logs (ip, created_at, id);
create index operation_logs_duration_us_idx on operation_logs (duration_us, id);

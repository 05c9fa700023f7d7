drop index sessions_ip_idx;
drop index sessions_expires_at_idx;
drop index sessions_last_seen_at_idx;
drop index sessions_created_at_idx;
drop index sessions_user_id_idx;
create index sessions_user_id_idx on sessions (user_id, id);

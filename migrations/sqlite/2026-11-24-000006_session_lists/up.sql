drop index sessions_user_id_idx;
create index sessions_user_id_idx on sessions (user_id, created_at, id);
-- Lists show what has not been ended; what has been stays for good, and is most of the table.
create index sessions_created_at_idx on sessions (created_at, id) where ended_at is null;
create index sessions_last_seen_at_idx on sessions (last_seen_at, id) where ended_at is null;
create index sessions_expires_at_idx on sessions (expires_at, id) where ended_at is null;
create index sessions_ip_idx on sessions (ip, created_at, id) where ended_at is null;

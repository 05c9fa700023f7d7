create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    ip varchar(45) not null,
    user_agent varchar(512),
    os varchar(64),
    browser varchar(64),
    device varchar(64),
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index sessions_user_id_idx on sessions (user_id, id);

-- One row per refresh token ever issued: a used one that comes back is theft, and ends its session.
create table refresh_tokens (
    token_hash varchar(64) primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    created_at timestamptz not null,
    used_at timestamptz
);
create index refresh_tokens_session_id_idx on refresh_tokens (session_id);
